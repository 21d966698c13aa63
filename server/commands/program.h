#pragma once

#include <iosfwd>
#include <string>

#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "server/commands/operator.h"
#include "server/space/space_reader.h"

namespace rollcall {

// What every command of the program is handed: the doors to the world, and where it speaks.
struct Program {
  const Clock& clock;
  Random& random;
  const Cryptography& cryptography;
  std::ostream& out;         // results
  std::ostream& err;         // progress and errors
  bool is_terminal = false;  // of err: whether a progress bar makes sense
  bool draws = false;        // out is a terminal: whether a QR code makes sense

  [[nodiscard]] Space::Doors space_doors() const { return {clock, random, cryptography, ""}; }
  Result<std::unique_ptr<SpaceReader>> open_reader(const ServerFolder& folder,
                                                   std::string_view space) const;
};

}  // namespace rollcall
