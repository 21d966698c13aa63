#include "schema/schema_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "schema/limits.h"

namespace rollcall {
namespace {

Result<SchemaSource> read_source(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  SchemaSource source;
  source.name = path.filename().string();
  // One byte more than is allowed: the compiler then says that it is too long.
  source.text.resize(schema_file_bytes_max + 1);
  file.read(source.text.data(), static_cast<std::streamsize>(source.text.size()));
  if (!file && !file.eof()) {
    return failure(ErrorCode::io, "cannot read " + path.string());
  }
  source.text.resize(static_cast<std::size_t>(file.gcount()));
  return source;
}

}  // namespace

Result<std::vector<SchemaSource>> read_schema_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  if (error) {
    return failure(ErrorCode::io, "cannot read the folder " + path + ": " + error.message());
  }
  std::vector<std::filesystem::path> names;
  for (; entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".json" || !entry->is_regular_file(error)) continue;
    if (names.size() == schema_files_max) {
      return failure(ErrorCode::limit,
                     path + " has more than " + std::to_string(schema_files_max) + " files");
    }
    names.push_back(entry->path());
  }
  if (error) {
    return failure(ErrorCode::io, "cannot read the folder " + path + ": " + error.message());
  }
  if (names.empty()) return failure(ErrorCode::not_found, path + " holds no .json files");
  std::sort(names.begin(), names.end());
  std::vector<SchemaSource> sources;
  for (const std::filesystem::path& name : names) {
    ROLLCALL_TRY_ASSIGN(SchemaSource source, read_source(name));
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace rollcall
