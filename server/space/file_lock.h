#pragma once

#include <string>

#include "engine/base/result.h"

namespace rollcall {

// Says that this process, and no other, writes a space: an advisory lock on a file beside it. The
// system lets go of it when the process ends, however it ends.
class FileLock {
 public:
  // `open_elsewhere` when somebody holds it.
  static Result<FileLock> take(const std::string& path);
  FileLock() = default;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace rollcall
