#include "server/commands/server_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/protocol/invitation_link.h"
#include "schema/compiled.h"
#include "server/commands/limits.h"
#include "server/space/durable_file.h"

namespace rollcall {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view space_suffix = ".rollcall";

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return failure(ErrorCode::io, "cannot make the folder " + path + ": " + error.message());
  }
  ::chmod(path.c_str(), 0700);
  return {};
}

Result<std::string> read_url(const std::string& path) {
  const auto text = read_small_file(path, folder_file_bytes_max);
  if (!text && text.error().code == ErrorCode::not_found) return std::string();
  if (!text) return text.error();
  const auto config = nlohmann::json::parse(*text, nullptr, false);
  if (!config.is_object()) {
    return failure(ErrorCode::corrupt, path + " is not a JSON object: mend it or remove it");
  }
  const auto url = config.find("url");
  if (url == config.end()) return std::string();
  if (!url->is_string()) return failure(ErrorCode::corrupt, path + ": \"url\" is not a text");
  return url->get<std::string>();
}

Result<SecretSeed> parse_seed(std::string_view text, const std::string& path) {
  const auto seed = from_hex(text.substr(0, text.find('\n')));
  if (!seed || seed->size() != SecretSeed::size_bytes) {
    return failure(ErrorCode::corrupt, path + " is not a key: put it back from a backup");
  }
  return SecretSeed::from_bytes(*seed);
}

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

Result<ServerFolder> ServerFolder::create(const std::string& path, const Schema& schema,
                                          const std::string& url, Random& random) {
  if (fs::exists(path + "/server.key")) {
    return failure(ErrorCode::already_exists,
                   path + " has a server already: use it, or give another folder");
  }
  ServerFolder folder;
  folder.path_ = path;
  folder.url_ = without_slash(url);
  random.fill(folder.seed_.bytes.data(), folder.seed_.bytes.size());
  ROLLCALL_TRY(make_folder(path));
  ROLLCALL_TRY(make_folder(path + "/spaces"));
  ROLLCALL_TRY(folder.keep_schema(schema));
  if (!folder.url_.empty()) {
    const nlohmann::json config = {{"url", folder.url_}};
    ROLLCALL_TRY(write_file_durably(path + "/config.json", config.dump(2) + "\n", 0600));
  }
  // Last: with it the folder is a server's.
  ROLLCALL_TRY(write_file_durably(path + "/server.key", to_hex(folder.seed_.view()) + "\n", 0600));
  return folder;
}

Result<ServerFolder> ServerFolder::open(const std::string& path) {
  const auto text = read_small_file(path + "/server.key", folder_file_bytes_max);
  if (!text && text.error().code == ErrorCode::not_found) {
    return failure(ErrorCode::not_found,
                   path + " is no server's folder: make one with 'rollcall-server init " + path +
                       " --schema FOLDER'");
  }
  if (!text) return text.error();
  ServerFolder folder;
  folder.path_ = path;
  ROLLCALL_TRY_ASSIGN(folder.seed_, parse_seed(*text, path + "/server.key"));
  ROLLCALL_TRY_ASSIGN(std::string url, read_url(path + "/config.json"));
  folder.url_ = without_slash(std::move(url));
  return folder;
}

Result<Schema> ServerFolder::schema(const Cryptography& cryptography) const {
  ROLLCALL_TRY_ASSIGN(const Bytes bytes,
                      read_small_file(path_ + "/schema.cbor", folder_file_bytes_max));
  return decode_schema(bytes, cryptography);
}

Result<void> ServerFolder::keep_schema(const Schema& schema) const {
  return write_file_durably(path_ + "/schema.cbor", encode_schema(schema), 0600);
}

Result<Bytes> ServerFolder::tls_pin() const {
  const std::string path = path_ + "/tls.pin";
  const auto text = read_small_file(path, folder_file_bytes_max);
  if (!text && text.error().code == ErrorCode::not_found) return Bytes();
  if (!text) return text.error();
  auto pin = from_hex(text->substr(0, text->find('\n')));
  if (!pin || pin->size() != InvitationLink::tls_pin_bytes) {
    return failure(ErrorCode::corrupt, path + " is no pin: start 'serve' again, which writes it");
  }
  return pin;
}

Result<void> ServerFolder::keep_tls_pin(const Bytes& pin) const {
  const std::string path = path_ + "/tls.pin";
  if (!pin.empty()) return write_file_durably(path, to_hex(pin) + "\n", 0600);
  std::error_code error;
  fs::remove(path, error);
  if (error) return failure(ErrorCode::io, "cannot remove " + path + ": " + error.message());
  return {};
}

std::string ServerFolder::space_path(std::string_view name) const {
  return path_ + "/spaces/" + std::string(name) + std::string(space_suffix);
}

Result<std::string> ServerFolder::existing_space_path(std::string_view name) const {
  const std::vector<std::string> names = space_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return space_path(name);
  std::string known;
  for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
  return failure(
      ErrorCode::not_found,
      "there is no space '" + std::string(name) + "' in " + path_ +
          (known.empty() ? ": make one with 'rollcall-server space add'" : "; there is " + known));
}

std::vector<std::string> ServerFolder::space_names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_ + "/spaces", error)) {
    const std::string file = entry.path().filename().string();
    if (file.size() > space_suffix.size() && file.ends_with(space_suffix)) {
      names.push_back(file.substr(0, file.size() - space_suffix.size()));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> ServerFolder::put_aside() const {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error)) {
    if (entry.path().filename().string().starts_with(put_aside_prefix)) {
      folders.push_back(entry.path().string());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Result<std::string> ServerFolder::imports_path(std::string_view name) const {
  ROLLCALL_TRY(make_folder(path_ + "/imports"));
  return path_ + "/imports/" + std::string(name) + ".imports";
}

Result<SecretSeed> ServerFolder::importer_seed(std::string_view name, Random& random) const {
  ROLLCALL_TRY(make_folder(path_ + "/imports"));
  const std::string path = path_ + "/imports/" + std::string(name) + ".key";
  const auto text = read_small_file(path, folder_file_bytes_max);
  if (text) return parse_seed(*text, path);
  if (text.error().code != ErrorCode::not_found) return text.error();
  SecretSeed seed;
  random.fill(seed.bytes.data(), seed.bytes.size());
  ROLLCALL_TRY(write_file_durably(path, to_hex(seed.view()) + "\n", 0600));
  return seed;
}

Result<FolderLock> FolderLock::take(const ServerFolder& folder) {
  const std::string path = folder.lock_path();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return failure(ErrorCode::io,
                   "cannot open " + path + ": " + std::generic_category().message(errno));
  }
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return failure(ErrorCode::open_elsewhere,
                   folder.path() + " is in use by another rollcall-server: wait for it or stop it");
  }
  return FolderLock(file);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace rollcall
