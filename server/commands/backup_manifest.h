#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/result.h"

namespace rollcall {

// One file of a backup, as it was when the backup was made.
struct BackedUpFile {
  std::string name;  // below the folder, such as spaces/nc.rollcall
  std::uint64_t bytes = 0;
  Hash hash;  // BLAKE2b-256, as `b2sum -l 256` tells it
};

// What a backup holds: manifest.json in its folder, which makes the folder a backup. Written last.
struct BackupManifest {
  static constexpr std::string_view file_name = "manifest.json";

  std::int64_t made_ms = 0;
  std::vector<BackedUpFile> files;

  // `not_found`: the folder is no backup; `newer_format`; `corrupt`.
  static Result<BackupManifest> read(const std::string& folder);
  Result<void> write(const std::string& folder) const;
};

// Size and checksum of a file, without reading it into memory.
Result<BackedUpFile> look_at_file(const std::string& folder, const std::string& name,
                                  const Cryptography& cryptography);

}  // namespace rollcall
