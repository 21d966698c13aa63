#include "server/commands/backup.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "engine/clock/utc_time.h"
#include "server/commands/import_memory.h"
#include "server/commands/limits.h"
#include "server/space/durable_file.h"
#include "server/space/file_lock.h"
#include "server/space/space_file.h"

namespace rollcall {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view name_begin = "backup-";
constexpr std::string_view making_begin = ".making-";

// backup-20261123T140509.120Z: sorts by time.
std::string backup_name(std::int64_t utc_ms) {
  std::string name(name_begin);
  for (const char c : utc_text(utc_ms)) {
    if (c != '-' && c != ':') name.push_back(c);
  }
  return name;
}

Result<void> make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return failure(ErrorCode::io,
                   "cannot make the folder " + path.string() + ": " + error.message());
  }
  return {};
}

// A folder under another name until it is whole.
class Making {
 public:
  Making(const ServerFolder& from, std::string folder, const Program& program, MadeBackup& made)
      : from_(from), folder_(std::move(folder)), program_(program), made_(made) {}

  Result<void> all() {
    for (const char* name : {"server.key", "config.json", "schema.cbor"}) {
      ROLLCALL_TRY(small_file(name));
    }
    const std::vector<std::string> spaces = from_.space_names();
    for (const std::string& space : spaces) ROLLCALL_TRY(imports_of(space));
    for (const std::string& space : spaces) ROLLCALL_TRY(space_file(space));
    return made_.manifest.write(folder_);
  }

 private:
  Result<void> small_file(const std::string& name) {
    const auto content = read_small_file(from_.path() + "/" + name, folder_file_bytes_max);
    if (!content && content.error().code == ErrorCode::not_found) return {};
    if (!content) return content.error();
    ROLLCALL_TRY(make_folder(fs::path(folder_ + "/" + name).parent_path()));
    ROLLCALL_TRY(write_file_durably(folder_ + "/" + name, *content, 0600));
    return add(name);
  }

  Result<void> imports_of(const std::string& space) {
    ROLLCALL_TRY(small_file("imports/" + space + ".key"));
    const std::string name = "imports/" + space + ".imports";
    std::error_code ignored;
    if (!fs::exists(from_.path() + "/" + name, ignored)) return {};
    ROLLCALL_TRY(make_folder(folder_ + "/imports"));
    auto memory = ImportMemory::open(from_.path() + "/" + name);
    if (!memory && memory.error().code == ErrorCode::open_elsewhere) {
      made_.notes.push_back(
          "an import into " + space +
          " is running: what it remembers of earlier ones is left out of this backup");
      return {};
    }
    if (!memory) return memory.error();
    ROLLCALL_TRY(memory->copy_to(folder_ + "/" + name));
    return flushed(name);
  }

  Result<void> space_file(const std::string& space) {
    const std::string name = "spaces/" + space + ".rollcall";
    ROLLCALL_TRY(make_folder(folder_ + "/spaces"));
    ROLLCALL_TRY_ASSIGN(SpaceFile file,
                        SpaceFile::open(from_.path() + "/" + name, "", Access::reader));
    ROLLCALL_TRY(file.connection().copy_to(folder_ + "/" + name));
    return flushed(name);
  }

  Result<void> flushed(const std::string& name) {
    ROLLCALL_TRY(flush_file(folder_ + "/" + name, 0600));
    return add(name);
  }

  Result<void> add(const std::string& name) {
    ROLLCALL_TRY_ASSIGN(BackedUpFile file, look_at_file(folder_, name, program_.cryptography));
    made_.manifest.files.push_back(std::move(file));
    return flush_folder(fs::path(folder_ + "/" + name).parent_path().string());
  }

  const ServerFolder& from_;
  const std::string folder_;
  const Program& program_;
  MadeBackup& made_;
};

void remove_unfinished(const std::string& to) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(to, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(making_begin)) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

Result<MadeBackup> make_backup(const ServerFolder& folder, const std::string& to,
                               const Program& program) {
  ROLLCALL_TRY(make_folder(to));
  const auto lock = FileLock::take(to + "/.lock");
  if (!lock && lock.error().code == ErrorCode::open_elsewhere) {
    return failure(ErrorCode::open_elsewhere, "another backup into " + to + " is under way");
  }
  if (!lock) return lock.error();
  remove_unfinished(to);  // of one that was cut short: nobody else makes one here now
  MadeBackup made;
  made.manifest.made_ms = program.clock.utc_ms();
  const std::string name = backup_name(made.manifest.made_ms);
  made.folder = to + "/" + name;
  std::error_code ignored;
  if (fs::exists(made.folder, ignored)) {
    return failure(ErrorCode::already_exists, made.folder + " is there already: try again");
  }
  const std::string making = to + "/" + std::string(making_begin) + name;
  ROLLCALL_TRY(make_folder(making));
  ::chmod(making.c_str(), 0700);  // keys lie in it
  if (auto done = Making(folder, making, program, made).all(); !done) {
    fs::remove_all(making, ignored);
    return done.error();
  }
  ROLLCALL_TRY(rename_durably(making, made.folder));
  return made;
}

Result<std::vector<std::string>> remove_old_backups(const std::string& to, std::size_t keep) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(to, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(name_begin)) continue;
    if (fs::exists(entry.path() / BackupManifest::file_name)) found.push_back(name);
  }
  if (error) return failure(ErrorCode::io, "cannot read the folder " + to + ": " + error.message());
  std::sort(found.begin(), found.end());
  std::vector<std::string> removed;
  for (std::size_t i = 0; i + keep < found.size(); ++i) {
    fs::remove_all(to + "/" + found[i], error);
    if (error) {
      return failure(ErrorCode::io,
                     "cannot remove " + to + "/" + found[i] + ": " + error.message());
    }
    removed.push_back(found[i]);
  }
  return removed;
}

Result<void> check_files(const std::string& folder, const BackupManifest& manifest,
                         const Cryptography& cryptography) {
  for (const BackedUpFile& listed : manifest.files) {
    const auto file = look_at_file(folder, listed.name, cryptography);
    if (!file && file.error().code == ErrorCode::not_found) {
      return failure(ErrorCode::corrupt, folder + "/" + listed.name +
                                             " is missing: this backup is not whole, use another");
    }
    if (!file) return file.error();
    if (file->bytes != listed.bytes || file->hash != listed.hash) {
      return failure(
          ErrorCode::corrupt,
          folder + "/" + listed.name +
              " is not what was backed up (its checksum is another): use another backup");
    }
  }
  return {};
}

}  // namespace rollcall
