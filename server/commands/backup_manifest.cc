#include "server/commands/backup_manifest.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <nlohmann/json.hpp>

#include "engine/clock/utc_time.h"
#include "server/commands/limits.h"
#include "server/space/durable_file.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

constexpr int manifest_format = 1;

// A file's bytes as memory, for as long as it lives.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
      error_ = errno;
      return;
    }
    struct stat status {};
    if (::fstat(file, &status) != 0) error_ = errno;
    size_ = static_cast<std::size_t>(status.st_size);
    if (error_ == 0 && size_ != 0) {
      void* at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (at == MAP_FAILED) {
        error_ = errno;
      } else {
        at_ = at;
      }
    }
    ::close(file);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (at_ != nullptr) ::munmap(at_, size_);
  }
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] BytesView bytes() const { return {static_cast<const char*>(at_), size_}; }

 private:
  void* at_ = nullptr;
  std::size_t size_ = 0;
  int error_ = 0;
};

Error bad_manifest(const std::string& path) {
  return failure(ErrorCode::corrupt, path + " is not a backup's manifest: take another backup");
}

// A name from a manifest never leads out of its folder.
bool is_inside(const std::string& name) {
  return !name.empty() && name.front() != '/' && name.find("..") == std::string::npos;
}

}  // namespace

Result<BackedUpFile> look_at_file(const std::string& folder, const std::string& name,
                                  const Cryptography& cryptography) {
  const MappedFile file(folder + "/" + name);
  if (file.error() != 0) {
    return failure(file.error() == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                   "cannot read " + folder + "/" + name + ": " +
                       std::generic_category().message(file.error()));
  }
  return BackedUpFile{name, file.bytes().size(), cryptography.hash({file.bytes()})};
}

Result<BackupManifest> BackupManifest::read(const std::string& folder) {
  const std::string path = folder + "/" + std::string(file_name);
  ROLLCALL_TRY_ASSIGN(const Bytes text, read_small_file(path, folder_file_bytes_max));
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("rollcall_backup")) return bad_manifest(path);
  const auto& format = json["rollcall_backup"];
  if (!format.is_number_integer()) return bad_manifest(path);
  if (format.get<int>() > manifest_format) {
    return failure(ErrorCode::newer_format,
                   path + " was made by a newer rollcall-server: restore it with that one");
  }
  BackupManifest manifest;
  const auto made = json.value("made_ms", Json());
  const auto files = json.value("files", Json());
  if (!made.is_number_integer() || !files.is_array()) return bad_manifest(path);
  manifest.made_ms = made.get<std::int64_t>();
  for (const Json& one : files) {
    const auto part = [&](const char* key) {
      return one.is_object() ? one.value(key, Json()) : Json();
    };
    if (!part("name").is_string() || !part("bytes").is_number_unsigned() ||
        !part("blake2b").is_string()) {
      return bad_manifest(path);
    }
    BackedUpFile file;
    file.name = part("name").get<std::string>();
    file.bytes = part("bytes").get<std::uint64_t>();
    const auto hash = from_hex(part("blake2b").get<std::string>());
    if (!hash || hash->size() != Hash::size_bytes || !is_inside(file.name)) {
      return bad_manifest(path);
    }
    file.hash = Hash::from_bytes(*hash);
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

Result<void> BackupManifest::write(const std::string& folder) const {
  Json json = {{"rollcall_backup", manifest_format},
               {"made", utc_text(made_ms)},
               {"made_ms", made_ms},
               {"files", Json::array()}};
  for (const BackedUpFile& file : files) {
    json["files"].push_back(
        {{"name", file.name}, {"bytes", file.bytes}, {"blake2b", to_hex(file.hash.view())}});
  }
  return write_file_durably(folder + "/" + std::string(file_name), json.dump(2) + "\n", 0600);
}

}  // namespace rollcall
