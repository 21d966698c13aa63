#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/commands/backup_manifest.h"
#include "server/commands/program.h"

namespace rollcall {

struct MadeBackup {
  std::string folder;
  BackupManifest manifest;
  std::vector<std::string> notes;    // what a person should know of it
  std::vector<std::string> removed;  // older ones
};

// Copies everything of the server's folder that a restore needs: keys, settings, the schema, what
// was imported, then each space at one moment. Made under another name, flushed, and renamed.
// Imports come before their space: what they remember, it holds.
Result<MadeBackup> make_backup(const ServerFolder& folder, const std::string& to,
                               const Program& program);

// Removes all backups below `to` but the newest `keep`.
Result<std::vector<std::string>> remove_old_backups(const std::string& to, std::size_t keep);

// `corrupt`, naming the first file of a backup that is missing or another than it was.
Result<void> check_files(const std::string& folder, const BackupManifest& manifest,
                         const Cryptography& cryptography);

}  // namespace rollcall
