#pragma once

#include <cstdint>
#include <string>

#include "engine/base/numbers.h"
#include "server/space/space_reader.h"

namespace rollcall {

// What a check went through.
struct SpaceReport {
  std::string name;
  Epoch epoch;
  Sequence head;
  std::uint64_t devices = 0;
  std::uint64_t requests = 0;      // whose signatures are right
  std::uint64_t transactions = 0;  // of all chains
  std::uint64_t erased = 0;        // of these: bytes, or some, went with a person's
  std::uint64_t lost = 0;          // in gaps that a restore left, and that are recorded
  std::uint64_t rows = 0;          // deleted ones too
  std::uint64_t digest = 0;        // of all rows
};

// Walks one moment of a space from end to end and names the first thing that is wrong (`corrupt`):
// - SQLite's own integrity check;
// - each device's chain: numbers without a gap, bytes that give their hash, hashes that lead to the
//   chain's head, and signed requests of that device whose signed heads the chain passes through;
// - the log's sequences: each one somebody's, each in the commit that was made at its time;
// - the rows: what a replay of the log into an empty space makes of them, value by value, stamp by
//   stamp, with the sequences at which they changed and the paths where they lie; and the index.
// It changes nothing, and works while the space is written. `scratch`: the name of a file, not yet
// there, for the replay; it is gone when the check ends.
Result<SpaceReport> check_space(const std::string& path, const SpaceReader::Doors& doors,
                                const std::string& scratch);

}  // namespace rollcall
