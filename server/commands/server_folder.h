#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/model/schema.h"

namespace rollcall {

// The folder of a server:
//
//   server.key            Ed25519 seed, 64 hex digits, mode 0600: invitations pin its public half
//   config.json           {"url": "https://..."}: what invitations carry; may be missing
//   schema.cbor           the compiled schema that new spaces get
//   tls.pin               hex SHA-256 of the TLS key that `serve` shows: invitations pin it; none
//                         where it ends no TLS
//   spaces/<name>.rollcall    one file for each space (<name>.rollcall.making: not yet)
//   imports/<name>.imports    what was imported into it
//   imports/<name>.key        as whom: that device's Ed25519 seed
//   lock                  held by `serve`, or by a command that writes without it
//   control.sock          mode 0600, while `serve` runs: the way of commands that write
class ServerFolder {
 public:
  // Makes a new one; `already_exists` when there is a server in it already.
  static Result<ServerFolder> create(const std::string& path, const Schema& schema,
                                     const std::string& url, Random& random);
  // `not_found` when `init` did not make it.
  static Result<ServerFolder> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const SecretSeed& seed() const { return seed_; }
  [[nodiscard]] const std::string& url() const { return url_; }  // without a slash at its end
  Result<Schema> schema(const Cryptography& cryptography) const;
  Result<void> keep_schema(const Schema& schema) const;
  // Empty: none.
  Result<Bytes> tls_pin() const;
  Result<void> keep_tls_pin(const Bytes& pin) const;

  [[nodiscard]] std::string space_path(std::string_view name) const;
  // `not_found`, naming the spaces that there are.
  Result<std::string> existing_space_path(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> space_names() const;  // ascending
  // Folders of files that restores replaced; nothing looks into them.
  [[nodiscard]] std::vector<std::string> put_aside() const;
  static constexpr std::string_view put_aside_prefix = "replaced-";
  // Makes imports/ if it is not there.
  Result<std::string> imports_path(std::string_view name) const;
  // The key of the device that imports into this space; made when it is first asked for.
  Result<SecretSeed> importer_seed(std::string_view name, Random& random) const;
  [[nodiscard]] std::string control_path() const { return path_ + "/control.sock"; }
  [[nodiscard]] std::string lock_path() const { return path_ + "/lock"; }

 private:
  ServerFolder() = default;
  std::string path_;
  SecretSeed seed_;
  std::string url_;
};

// Held by whoever may write the folder's spaces; released by destruction, and by the end of the
// process however it ends.
class FolderLock {
 public:
  // `open_elsewhere` when somebody else has it.
  static Result<FolderLock> take(const ServerFolder& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace rollcall
