#include "engine/base/random.h"

#include <cstring>

#include "engine/base/check.h"

namespace rollcall {

std::uint64_t Random::below(std::uint64_t bound) {
  ROLLCALL_CHECK(bound > 0);
  const std::uint64_t fair = UINT64_MAX - UINT64_MAX % bound;  // no value is likelier than another
  std::uint64_t value = next();
  while (value >= fair) value = next();
  return value % bound;
}

void SeededRandom::fill(void* bytes, std::size_t count) {
  auto* out = static_cast<unsigned char*>(bytes);
  while (count > 0) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    const std::size_t taken = count < sizeof z ? count : sizeof z;
    std::memcpy(out, &z, taken);
    out += taken;
    count -= taken;
  }
}

}  // namespace rollcall
