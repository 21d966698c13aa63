#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace rollcall {

class Connection;

// What this device keeps for itself beside its rows, by name: keys, say. It is never synced, and no
// query of an app reads the table `_private`, which is made with the first of them.
class PrivateValues {
 public:
  explicit PrivateValues(Connection& connection) : connection_(&connection) {}

  Result<std::optional<Bytes>> find(std::string_view name);
  // Inside a transaction.
  Result<void> keep(std::string_view name, BytesView value);

 private:
  Result<bool> has_table();

  Connection* connection_;
};

}  // namespace rollcall
