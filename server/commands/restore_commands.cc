#include "server/commands/restore_commands.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <system_error>

#include "engine/clock/utc_time.h"
#include "server/commands/backup.h"
#include "server/commands/device_commands.h"
#include "server/commands/limits.h"
#include "server/commands/redaction.h"
#include "server/space/device_digits.h"
#include "server/space/durable_file.h"
#include "server/space/space_file.h"

namespace rollcall {
namespace {

namespace fs = std::filesystem;

Result<void> failed(const std::string& what, const std::error_code& error) {
  if (!error) return {};
  return failure(error == std::errc::no_space_on_device ? ErrorCode::disk_full : ErrorCode::io,
                 "cannot " + what + ": " + error.message());
}

class Restore {
 public:
  Restore(std::string path, std::string from, const Program& program)
      : path_(std::move(path)), from_(std::move(from)), program_(program) {}

  Result<void> run(const std::string& only) {
    const auto manifest = BackupManifest::read(from_);
    if (!manifest && manifest.error().code == ErrorCode::not_found) {
      return failure(ErrorCode::invalid_argument,
                     from_ + " is no backup: name a folder that 'rollcall-server backup' made");
    }
    if (!manifest) return manifest.error();
    ROLLCALL_TRY(check_files(from_, *manifest, program_.cryptography));
    ROLLCALL_TRY_ASSIGN(const ServerFolder backup, ServerFolder::open(from_));
    ROLLCALL_TRY_ASSIGN(const ServerFolder folder, target(backup));
    ROLLCALL_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder));
    aside_ = path_ + "/" + std::string(ServerFolder::put_aside_prefix) + stamp();
    std::vector<std::string> names = backup.space_names();
    if (!only.empty()) {
      if (std::find(names.begin(), names.end(), only) == names.end()) {
        return failure(ErrorCode::not_found, "the backup has no space '" + only + "'");
      }
      names = {only};
    }
    for (const std::string& name : names) ROLLCALL_TRY(space(folder, name));
    return {};
  }

 private:
  [[nodiscard]] std::string stamp() const {
    std::string text;
    for (const char c : utc_text(program_.clock.utc_ms())) {
      if (c != '-' && c != ':') text.push_back(c);
    }
    return text;
  }

  // The folder to restore into; a new one gets the backup's key.
  Result<ServerFolder> target(const ServerFolder& backup) {
    auto folder = ServerFolder::open(path_);
    if (folder) {
      if (folder->seed().bytes == backup.seed().bytes) return folder;
      return failure(ErrorCode::invalid_argument,
                     from_ + " is of another server than " + path_ +
                         " (its key is another): restore it into a folder of its own");
    }
    if (folder.error().code != ErrorCode::not_found) return folder.error();
    ROLLCALL_TRY_ASSIGN(const Schema schema, backup.schema(program_.cryptography));
    for (const char* part : {"", "/spaces", "/imports"}) {
      std::error_code error;
      fs::create_directories(path_ + part, error);
      ROLLCALL_TRY(failed("make the folder " + path_ + part, error));
      fs::permissions(path_ + part, fs::perms::owner_all, error);
    }
    for (const char* name : {"config.json", "schema.cbor", "server.key"}) {
      const auto content = read_small_file(from_ + "/" + name, folder_file_bytes_max);
      if (!content && content.error().code == ErrorCode::not_found) continue;
      if (!content) return content.error();
      ROLLCALL_TRY(write_file_durably(path_ + "/" + name, *content, 0600));
    }
    return ServerFolder::open(path_);
  }

  Result<void> space(const ServerFolder& folder, const std::string& name) {
    const std::string place = folder.space_path(name);
    const std::string restoring = place + ".restoring";
    const Space::Doors doors = program_.space_doors();
    Connection::remove(restoring, "");
    std::error_code error;
    fs::copy_file(from_ + "/spaces/" + name + ".rollcall", restoring, error);
    ROLLCALL_TRY(failed("copy the space '" + name + "'", error));
    ROLLCALL_TRY(flush_file(restoring, 0600));
    // The list says who was shut out since; without it somebody has to.
    auto read = RevocationList::read(RevocationList::path_beside(place));
    if (!read && read.error().code != ErrorCode::not_found) return read.error();
    std::optional<RevocationList> list;
    if (read) list = std::move(*read);
    ROLLCALL_TRY_ASSIGN(const bool listed,
                        Space::prepare_restored(restoring, present_epoch(place), list, doors));
    ROLLCALL_TRY(flush_file(restoring, 0600));
    for (const char* suffix : {"-wal", "-shm", ""}) ROLLCALL_TRY(move_aside(place + suffix));
    ROLLCALL_TRY(rename_durably(restoring, place));
    for (const char* suffix : {".imports", ".key"}) ROLLCALL_TRY(import_file(name, suffix));
    return reconcile(folder, name, listed);
  }

  // Nothing can be learned of a file that is gone or damaged: that is what restores are for.
  Epoch present_epoch(const std::string& place) const {
    auto file = SpaceFile::open(place, "", Access::reader);
    if (!file) return Epoch();
    const auto header = file->header();
    return header ? header->epoch : Epoch();
  }

  Result<void> move_aside(const std::string& file) {
    std::error_code error;
    if (!fs::exists(file, error)) return {};
    fs::create_directories(aside_, error);
    ROLLCALL_TRY(failed("make the folder " + aside_, error));
    fs::permissions(aside_, fs::perms::owner_all, error);
    return rename_durably(file, aside_ + "/" + fs::path(file).filename().string());
  }

  Result<void> import_file(const std::string& name, const std::string& suffix) {
    const std::string part = "/imports/" + name + suffix;
    std::error_code error;
    if (suffix == ".imports") {
      // What it remembers may be of after the backup: the next import would leave that out.
      for (const char* end : {"-wal", "-shm", ""}) ROLLCALL_TRY(move_aside(path_ + part + end));
    }
    if (!fs::exists(from_ + part, error)) return {};
    fs::create_directories(path_ + "/imports", error);
    fs::copy_file(from_ + part, path_ + part, fs::copy_options::overwrite_existing, error);
    ROLLCALL_TRY(failed("copy " + from_ + part, error));
    return flush_file(path_ + part, 0600);
  }

  Result<void> reconcile(const ServerFolder& folder, const std::string& name, bool listed) {
    ROLLCALL_TRY_ASSIGN(const std::unique_ptr<Space> space,
                        Space::open(folder.space_path(name), program_.space_doors()));
    program_.out << name << ": restored, epoch " << space->epoch().value << "\n";
    ROLLCALL_TRY_ASSIGN(const std::string imports, folder.imports_path(name));
    ROLLCALL_TRY_ASSIGN(const std::size_t erased, erase_again(*space, imports, program_));
    if (erased > 0) {
      program_.out << name << ": erased again what the list of erasures names: " << erased
                   << (erased == 1 ? " row\n" : " rows\n");
    }
    if (!listed) {
      program_.out << name
                   << ": no list says all that was revoked since the backup: before it is served, "
                      "say it: rollcall-server reconcile "
                   << path_ << " " << name << " --list FILE | --device DEVICE | --none\n";
      return {};
    }
    ROLLCALL_TRY_ASSIGN(const std::vector<Revocation> forgotten, space->reconcile_with_list());
    for (const Revocation& one : forgotten) {
      program_.out << name << ": revoked again: " << device_digits(one.device) << " (" << one.label
                   << ")\n";
    }
    return {};
  }

  const std::string path_;
  const std::string from_;
  const Program& program_;
  std::string aside_;
};

}  // namespace

Result<void> restore_command(const std::string& path, const std::string& from,
                             const std::string& space, const Program& program) {
  return Restore(path, from, program).run(space);
}

Result<void> reconcile_command(const std::string& path, const std::string& space,
                               const ReconcileArguments& arguments, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const std::string place, folder.existing_space_path(space));
  std::vector<Revocation> known;
  const std::string list_path =
      arguments.list.empty() ? RevocationList::path_beside(place) : arguments.list;
  const auto list = RevocationList::read(list_path);
  if (!list && (!arguments.list.empty() || list.error().code != ErrorCode::not_found)) {
    return list.error();
  }
  if (list) known = list->all();
  const bool is_said = !arguments.list.empty() || !arguments.devices.empty() || arguments.none;
  for (const std::string& wanted : arguments.devices) {
    ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
    ROLLCALL_TRY_ASSIGN(const DeviceRecord device, find_device(*reader, wanted));
    known.push_back({0, program.clock.utc_ms(), device.number, false, device.key, device.label});
  }
  ROLLCALL_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder));
  ROLLCALL_TRY_ASSIGN(const std::unique_ptr<Space> opened,
                      Space::open(place, program.space_doors()));
  if (!is_said && !(list && list->is_whole_after(opened->revocations()))) {
    return failure(ErrorCode::invalid_argument,
                   "nothing says all that was revoked since the backup: name the list (--list "
                   "FILE), the devices (--device DEVICE), or say that there were no others than "
                   "the list beside the space has (--none)");
  }
  ROLLCALL_TRY_ASSIGN(const std::vector<Revocation> forgotten, opened->reconcile(known));
  for (const Revocation& one : forgotten) {
    program.out << "revoked again: " << device_digits(one.device) << " (" << one.label << ")\n";
  }
  program.out << space << ": reconciled, " << forgotten.size() << " had been forgotten\n";
  return {};
}

Result<CaughtUp> catch_up_with_lists(Space& space, const ServerFolder& folder,
                                     const Program& program) {
  CaughtUp caught_up;
  ROLLCALL_TRY_ASSIGN(caught_up.revoked, space.reconcile_with_list());
  ROLLCALL_TRY_ASSIGN(const bool reconciled, space.is_reconciled());
  if (!reconciled) {
    return failure(ErrorCode::not_allowed,
                   "the space '" + space.name() +
                       "' was restored, and no list says all that was revoked since the backup: "
                       "say it with 'rollcall-server reconcile " +
                       folder.path() + " " + space.name() +
                       "' and --list FILE, --device DEVICE or --none, then serve again");
  }
  ROLLCALL_TRY(space.list_revocations());
  ROLLCALL_TRY_ASSIGN(const std::string imports, folder.imports_path(space.name()));
  ROLLCALL_TRY_ASSIGN(caught_up.erased_rows, erase_again(space, imports, program));
  return caught_up;
}

}  // namespace rollcall
