#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/commands/program.h"

namespace rollcall {

// Puts a backup's spaces, or one of them, into a server's folder (made, if there is none), each in
// a new epoch. What was there moves into a folder of its own. No server may run.
Result<void> restore_command(const std::string& path, const std::string& from,
                             const std::string& space, const Program& program);

struct ReconcileArguments {
  std::string list;                  // of another place; empty: the one beside the space
  std::vector<std::string> devices;  // that were revoked since the backup: numbers or labels
  bool none = false;                 // somebody knows that there were none
};
// Revokes what a restored file forgot, so that the space may be served again.
Result<void> reconcile_command(const std::string& path, const std::string& space,
                               const ReconcileArguments& arguments, const Program& program);

// What a space's file did not know of the lists beside it.
struct CaughtUp {
  std::vector<Revocation> revoked;
  std::size_t erased_rows = 0;
};
// Before the space is served: revokes and erases again what the lists beside its file name and the
// file does not know (it is an older one, or a revocation was cut short). Where a restore found no
// list of revocations the error says what to do.
Result<CaughtUp> catch_up_with_lists(Space& space, const ServerFolder& folder,
                                     const Program& program);

}  // namespace rollcall
