#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"
#include "engine/clock/utc_time.h"

namespace rollcall {

// When a transaction was made and by whom: hybrid logical time, then the device number. Total
// order.
//
//   bytes  0      1      2      3      4      5    | 6      7    | 8      9      10     11
//          milliseconds since 1970 UTC, big-endian | counter     | device number
//
// The zero stamp is "never written": it is smaller than every other.
struct Stamp {
  static constexpr std::size_t size_bytes = 12;
  static constexpr std::uint64_t ms_max = (std::uint64_t{1} << 48) - 1;

  std::uint64_t time = 0;  // milliseconds << 16 | counter
  DeviceNumber device;

  static constexpr Stamp at(std::uint64_t ms, std::uint16_t counter, DeviceNumber device) {
    return Stamp{(ms << 16) | counter, device};
  }
  [[nodiscard]] constexpr std::uint64_t ms() const { return time >> 16; }
  [[nodiscard]] constexpr std::uint16_t counter() const {
    return static_cast<std::uint16_t>(time & 0xffff);
  }
  [[nodiscard]] constexpr bool is_none() const { return time == 0 && device.value == 0; }
  constexpr auto operator<=>(const Stamp&) const = default;

  void append_to(Bytes& out) const;
  [[nodiscard]] Bytes bytes() const;
  static Stamp from_bytes(BytesView at);  // reads the first 12; CHECKs that they are there
  // "2026-11-03T14:05:09.120Z+3@9f00c1d2": for people and logs.
  [[nodiscard]] std::string text() const;
};

}  // namespace rollcall
