#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client-core/replica/status.h"
#include "engine/base/result.h"

namespace rollcall {

class Connection;

// The short numbers that people call conflicts by: given when a conflict is first listed, kept
// while it is open and never given again, so that a number typed after other work or a sync names
// the conflict that was read beside it, or none.
//
//   _conflicts(number, collection, id, field, writer)
class ConflictNumbers {
 public:
  static std::vector<std::string> create_statements();
  explicit ConflictNumbers(Connection& connection) : connection_(&connection) {}

  // Looks up the numbers of the conflicts; false: some have none yet.
  Result<bool> find(std::vector<Conflict>& conflicts);
  // Numbers those that have none, in their order. In the caller's transaction.
  Result<void> give(std::vector<Conflict>& conflicts);
  // Forgets the numbers of all others. In the caller's transaction.
  Result<void> keep_only(const std::vector<Conflict>& open);
  Result<std::uint64_t> count();

 private:
  Connection* connection_;
};

}  // namespace rollcall
