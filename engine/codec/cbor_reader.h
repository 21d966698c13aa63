#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/codec/limits.h"
#include "engine/model/value.h"

namespace rollcall {

enum class CborType : std::uint8_t { integer, bytes, text, array, map, boolean, null };

std::string_view type_name(CborType type);

// Reads deterministic CBOR (RFC 8949 section 4.2.1), item by item, from bytes that outlive it; text
// and bytes come as views into them. Every item is held to the rules as it is read, whoever reads
// it: shortest heads, definite lengths, no floats, tags or other simple values, valid UTF-8, map
// keys ascending and each once, containers at most `codec_depth_max` deep and never of more items
// than bytes are left. Nothing recurses. After an error the reader stays where it was refused; its
// message names the offset.
//
//   ROLLCALL_TRY_ASSIGN(const std::size_t pairs, reader.map());
//   for (std::size_t i = 0; i < pairs; ++i) { key, then value }
//   ROLLCALL_TRY(reader.end());
class CborReader {
 public:
  explicit CborReader(BytesView in) : in_(in) {}

  // What the next item is. `truncated` at the end.
  [[nodiscard]] Result<CborType> peek() const;
  // True when the next item is null; reads nothing.
  [[nodiscard]] bool at_null() const { return at_ < in_.size() && in_[at_] == '\xf6'; }
  [[nodiscard]] bool at_end() const { return at_ == in_.size(); }

  Result<std::uint64_t> unsigned_integer();
  Result<std::int64_t> integer();
  Result<bool> boolean();
  Result<void> null();
  Result<BytesView> text();
  Result<BytesView> bytes();
  // Any item but a container.
  Result<ValueView> value();
  // The number of items that follow.
  Result<std::size_t> array();
  // The number of pairs that follow.
  Result<std::size_t> map();

  // Steps over one whole item, checking it.
  Result<void> skip();
  // Steps over one whole item, checking it, and gives its bytes.
  Result<BytesView> raw();
  // Everything has been read: `trailing_bytes` or, inside a container, `truncated`.
  [[nodiscard]] Result<void> end() const;

  [[nodiscard]] std::size_t offset() const { return at_; }
  // An error at the present offset, for what only the caller can judge.
  [[nodiscard]] Error refuse(ErrorCode code, std::string_view what) const;

 private:
  struct Head {
    unsigned major;
    std::uint64_t argument;
    std::size_t start;
  };
  // A container whose items are not all read. A pair is two items.
  struct Level {
    std::uint64_t items_left;
    bool is_map;
    BytesView last_key;
  };

  Result<Head> head();
  Result<Head> head_of(unsigned major, std::string_view wanted);
  Result<BytesView> string_of(const Head& head);
  Result<ValueView> value_of(const Head& head);
  Result<std::size_t> open(const Head& head);
  // The item from `start` to the present offset is complete (of a container: its head).
  Result<void> done(std::size_t start, bool is_container);
  [[nodiscard]] Error refuse_at(std::size_t offset, ErrorCode code, std::string_view what) const;
  [[nodiscard]] Error wrong_type(std::string_view wanted, std::size_t offset) const;

  BytesView in_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::array<Level, codec_depth_max> levels_;  // the first depth_ of them mean something
};

}  // namespace rollcall
