#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "server/commands/program.h"
#include "server/space/erasure.h"

namespace rollcall {

// The space's present log, and where parts of it are redacted: here, or by a running server.
struct LogDoors {
  std::function<Result<std::unique_ptr<SpaceReader>>()> open_reader;
  std::function<Result<std::uint64_t>(std::span<const std::int64_t>)> redact;
};

// Takes what they wrote of these rows, which are erased, out of all transactions, until none is
// left: some may come meanwhile. Returns how many changed.
Result<std::size_t> redact_all(const LogDoors& log, const std::set<ErasedRow>& rows);

// Takes them out of what imports remember, if any.
Result<void> forget_imported(const std::string& imports, const std::set<ErasedRow>& rows);

// Erases again what the list beside the space's file says, and the file does not know: it is an
// older one; and finishes what was cut short. Returns how many rows this was about.
Result<std::size_t> erase_again(Space& space, const std::string& imports, const Program& program);

}  // namespace rollcall
