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

// Whether the space may be served: it forgot no revocation. The error says what to do.
Result<void> check_reconciled(Space& space, const std::string& folder);

}  // namespace rollcall
