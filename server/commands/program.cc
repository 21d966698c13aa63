#include "server/commands/program.h"

namespace rollcall {

Result<std::unique_ptr<SpaceReader>> Program::open_reader(const ServerFolder& folder,
                                                          std::string_view space) const {
  ROLLCALL_TRY_ASSIGN(const std::string path, folder.existing_space_path(space));
  return SpaceReader::open(path, {clock, random, cryptography, ""});
}

}  // namespace rollcall
