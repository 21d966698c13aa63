#include "server/commands/backup_commands.h"

#include <filesystem>
#include <ostream>

#include <nlohmann/json.hpp>

#include "server/commands/backup.h"
#include "server/commands/temporary_folder.h"
#include "server/space/space_check.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

std::string digest_text(std::uint64_t digest) {
  Bytes bytes;
  put_u64(bytes, digest);
  return to_hex(bytes);
}

void print(const SpaceReport& report, bool json, std::ostream& out) {
  if (json) {
    out << Json({{"space", report.name},
                 {"right", true},
                 {"devices", report.devices},
                 {"transactions", report.transactions},
                 {"signatures", report.requests},
                 {"erased", report.erased},
                 {"lost", report.lost},
                 {"rows", report.rows},
                 {"digest", digest_text(report.digest)}})
               .dump()
        << "\n";
    return;
  }
  out << report.name << ": all is right: " << report.transactions << " transactions of "
      << report.devices << " devices under " << report.requests << " signatures";
  if (report.erased != 0) out << " (the bytes of " << report.erased << " were erased)";
  if (report.lost != 0) out << ", " << report.lost << " more were lost at a restore";
  out << ", " << report.rows << " rows, digest " << digest_text(report.digest) << "\n";
}

}  // namespace

Result<void> backup_command(const std::string& path, const std::string& to,
                            std::optional<std::size_t> keep, const Program& program) {
  if (keep && *keep == 0) {
    return failure(ErrorCode::invalid_argument, "--keep 0 would remove what was just made");
  }
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const MadeBackup made, make_backup(folder, to, program));
  for (const std::string& note : made.notes) program.err << "rollcall-server: " << note << "\n";
  std::uint64_t bytes = 0;
  for (const BackedUpFile& file : made.manifest.files) bytes += file.bytes;
  program.out << made.folder << ": " << made.manifest.files.size() << " files, " << bytes
              << " bytes\n";
  if (!keep) return {};
  ROLLCALL_TRY_ASSIGN(const std::vector<std::string> removed, remove_old_backups(to, *keep));
  for (const std::string& name : removed) program.out << "removed " << name << "\n";
  return {};
}

Result<void> verify_command(const std::string& path, bool json, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  const auto manifest = BackupManifest::read(path);
  const bool is_backup = manifest.has_value();
  if (!is_backup && manifest.error().code != ErrorCode::not_found) return manifest.error();
  if (is_backup) ROLLCALL_TRY(check_files(path, *manifest, program.cryptography));
  ROLLCALL_TRY_ASSIGN(const TemporaryFolder scratch, TemporaryFolder::make());
  for (const std::string& name : folder.space_names()) {
    std::string file = folder.space_path(name);
    if (is_backup) {
      // Opening a file may bring it up to this release, and leaves others beside it: a backup stays
      // as it is.
      std::error_code error;
      std::filesystem::copy_file(file, scratch.file("copy"),
                                 std::filesystem::copy_options::overwrite_existing, error);
      if (error) {
        return failure(ErrorCode::io, "cannot copy " + file + " to a temporary folder: " +
                                          error.message() + "; make room, or set TMPDIR");
      }
      file = scratch.file("copy");
    }
    const auto report = check_space(file, {program.clock, program.random, program.cryptography, ""},
                                    scratch.file("replay"));
    if (!report) {
      return failure(report.error().code, "the space '" + name + "': " + report.error().message);
    }
    if (report->name != name) {
      return failure(ErrorCode::corrupt, folder.space_path(name) + " holds the space '" +
                                             report->name + "': the file was renamed");
    }
    print(*report, json, program.out);
  }
  return {};
}

}  // namespace rollcall
