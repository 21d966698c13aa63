#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"

namespace rollcall {

// One device that was shut out.
struct Revocation {
  std::uint64_t number = 0;  // counts the space's revocations; a family's devices share it
  std::int64_t at_ms = 0;
  DeviceNumber device;
  bool erase = false;
  PublicKey key;
  std::string label;
};

// The space's revocations in a file of its own, beside the space's: <space>.rollcall-revocations.
// No backup holds it and no restore replaces it, so that it remembers what a restored file forgot.
// It is written before the space commits a revocation: it may know one too many, never one too few.
// Numbers are given without a hole; where one is missing, the list is not all.
//
//   rollcall revocations 1
//   <number> <utc ms> <device, 8 hex> <erase, 0 or 1> <key, 64 hex> <label, to the line's end>
class RevocationList {
 public:
  // The list's file of a space's file.
  static std::string path_beside(const std::string& space_path) {
    return space_path + "-revocations";
  }
  // `not_found`: there is none.
  static Result<RevocationList> read(const std::string& path);

  [[nodiscard]] const std::vector<Revocation>& all() const { return all_; }
  [[nodiscard]] std::uint64_t last_number() const;
  // Whether each revocation after the first `count` is there, up to the last.
  [[nodiscard]] bool is_whole_after(std::uint64_t count) const;
  // Devices that are there already are left out; of these only `erase` is kept up with.
  void add(std::span<const Revocation> revocations);
  Result<void> write(const std::string& path) const;

 private:
  std::vector<Revocation> all_;
};

}  // namespace rollcall
