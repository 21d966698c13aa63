#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"

namespace rollcall {

class Random;

// A row's 16-byte identity: a UUID (RFC 9562), version 7 or, derived from `once` fields, version 5.
struct RowId {
  static constexpr std::size_t size_bytes = 16;

  std::array<char, size_bytes> bytes{};

  // CHECKs that `view` is 16 bytes long.
  static RowId from_bytes(BytesView view);
  // 8-4-4-4-12 hex digits, either case; `malformed` otherwise.
  static Result<RowId> parse(std::string_view text);
  // RFC 9562 section 5.5: SHA-1 of a namespace and a name. An identity, not a secret.
  static RowId derive(const RowId& name_space, BytesView name);

  [[nodiscard]] std::string text() const;
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  [[nodiscard]] bool is_nil() const { return *this == RowId{}; }
  friend bool operator==(const RowId&, const RowId&) = default;
  friend std::strong_ordering operator<=>(const RowId& a, const RowId& b) {
    return std::memcmp(a.bytes.data(), b.bytes.data(), size_bytes) <=> 0;
  }
};

// Makes UUIDv7s that rise strictly: within a millisecond, or while the clock stands back, the
// random tail is raised by a random step (RFC 9562 section 6.2, method 2), so ids made together
// lie near each other: they insert at one end of an index and pack small on the wire.
// Not for several threads.
class RowIdSource {
 public:
  explicit RowIdSource(Random& random) : random_(random) {}
  RowId next(std::int64_t now_ms);

 private:
  Random& random_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t tail_ = 0;       // 62 random bits, raised
  std::uint16_t tail_high_ = 0;  // 12 random bits, raised when the tail overflows
};

}  // namespace rollcall

template <>
struct std::hash<rollcall::RowId> {
  std::size_t operator()(const rollcall::RowId& id) const noexcept {
    std::uint64_t words[2];
    std::memcpy(words, id.bytes.data(), sizeof words);
    return static_cast<std::size_t>((words[0] ^ (words[1] * 0x9e3779b97f4a7c15ULL)) *
                                    0xff51afd7ed558ccdULL);
  }
};
