#pragma once

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace rollcall {

// Files that are there whole or not at all.

// `not_found`, `io`; `limit` when it has more than `bytes_max`.
Result<Bytes> read_small_file(const std::string& path, std::size_t bytes_max);
// Writes beside it, flushes, renames, flushes the folder: after a power cut the file is the old one
// or the new one. `mode` as in chmod.
Result<void> write_file_durably(const std::string& path, BytesView content, unsigned mode);
// Of a file whose bytes are flushed: after a power cut it has one of the two names.
Result<void> rename_durably(const std::string& from, const std::string& to);
// Of a file or a folder that somebody else wrote. `mode` as in chmod.
Result<void> flush_file(const std::string& path, unsigned mode);
Result<void> flush_folder(const std::string& path);

}  // namespace rollcall
