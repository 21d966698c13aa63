#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/model/value.h"

namespace rollcall {

// Appends deterministic CBOR (RFC 8949 section 4.2.1) to a buffer that the caller owns: shortest
// heads, definite lengths. It cannot fail. The caller writes as many items as a container's head
// promised, map keys in ascending bytewise order of their encodings (unsigned numbers: as numbers)
// and text that is UTF-8; CborReader refuses what breaks this.
class CborWriter {
 public:
  explicit CborWriter(Bytes& out) : out_(out) {}

  void unsigned_integer(std::uint64_t value) { head(0, value); }
  void integer(std::int64_t value);
  void boolean(bool value) { out_.push_back(value ? '\xf5' : '\xf4'); }
  void null() { out_.push_back('\xf6'); }
  void text(BytesView utf8) {
    head(3, utf8.size());
    out_.append(utf8);
  }
  void bytes(BytesView content) {
    head(2, content.size());
    out_.append(content);
  }
  void value(const ValueView& value);
  void array(std::size_t items) { head(4, items); }
  void map(std::size_t pairs) { head(5, pairs); }
  // An item that is deterministic CBOR already.
  void raw(BytesView item) { out_.append(item); }

  [[nodiscard]] Bytes& out() { return out_; }

 private:
  void head(unsigned major, std::uint64_t argument) {
    if (argument < 24) {
      out_.push_back(static_cast<char>((major << 5) | argument));
    } else {
      long_head(major, argument);
    }
  }
  void long_head(unsigned major, std::uint64_t argument);

  Bytes& out_;
};

}  // namespace rollcall
