#include "server/space/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace rollcall {
namespace {

// Closes itself.
class FileHandle {
 public:
  explicit FileHandle(int number) : number_(number) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  const int number_;
};

Error failed(const char* what, const std::string& path) {
  const int number = errno;
  const ErrorCode code = number == ENOENT   ? ErrorCode::not_found
                         : number == ENOSPC ? ErrorCode::disk_full
                                            : ErrorCode::io;
  return failure(code, std::string("cannot ") + what + " " + path + ": " +
                           std::generic_category().message(number));
}

}  // namespace

Result<Bytes> read_small_file(const std::string& path, std::size_t bytes_max) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failed("open", path);
  Bytes content;
  char chunk[65536];
  for (;;) {
    const ssize_t got = ::read(file.number(), chunk, sizeof chunk);
    if (got < 0) return failed("read", path);
    if (got == 0) return content;
    content.append(chunk, static_cast<std::size_t>(got));
    if (content.size() > bytes_max) {
      return failure(ErrorCode::limit, path + " is longer than " + std::to_string(bytes_max) +
                                           " bytes: it is not what it should be");
    }
  }
}

Result<void> write_file_durably(const std::string& path, BytesView content, unsigned mode) {
  const std::string fresh = path + ".new";
  {
    const FileHandle file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.is_open()) return failed("create", fresh);
    if (::fchmod(file.number(), mode) != 0) return failed("protect", fresh);
    while (!content.empty()) {
      const ssize_t put = ::write(file.number(), content.data(), content.size());
      if (put < 0) return failed("write", fresh);
      content.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(file.number()) != 0) return failed("flush", fresh);
  }
  return rename_durably(fresh, path);
}

Result<void> rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from);
  std::string folder = std::filesystem::path(to).parent_path().string();
  if (folder.empty()) folder = ".";
  return flush_folder(folder);
}

Result<void> flush_file(const std::string& path, unsigned mode) {
  const FileHandle file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) return failed("open", path);
  if (::fchmod(file.number(), mode) != 0) return failed("protect", path);
  if (::fsync(file.number()) != 0) return failed("flush", path);
  return {};
}

Result<void> flush_folder(const std::string& path) {
  const FileHandle directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.number()) != 0) return failed("flush", path);
  return {};
}

}  // namespace rollcall
