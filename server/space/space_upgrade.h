#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace rollcall {

class Connection;

// One step that a space's file of an earlier release lacks: a column, or a table or an index where
// `column` is empty. Steps only add, and what they add has a value that means "as it was": files of
// one format differ in nothing else.
struct Upgrade {
  std::string table;
  std::string column;
  std::string sql;
};

// Whether the file has everything that this release reads.
Result<bool> is_current(Connection& connection, const std::vector<Upgrade>& upgrades);
// Adds what is missing, all of it or nothing.
// `format`: what the file is from then on; a program of before refuses it untouched.
Result<void> upgrade_file(Connection& connection, const std::vector<Upgrade>& upgrades,
                          std::uint32_t format);

}  // namespace rollcall
