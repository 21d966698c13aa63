#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"

namespace rollcall {

// Distinct byte strings, numbered from 0 as they first appear. Holds views: the strings must stay
// where they are. It gives up, for good, on strings that collide as no honest ones do, so that
// nobody can make a page slow by choosing its values.
class WordTable {
 public:
  void clear();
  // The number of a string, a new one if need be; nothing when the table has given up.
  std::optional<std::uint32_t> place_of(BytesView word);
  // A number for something that is not a string.
  std::uint32_t add_unnamed();

  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] BytesView word(std::size_t place) const { return words_[place]; }
  // Lengths of all strings together.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void grow();

  std::vector<std::uint32_t> slots_;  // place + 1; 0: free. A power of two, at most half full
  std::vector<std::uint64_t> hashes_;
  std::vector<BytesView> words_;
  std::size_t bytes_ = 0;
};

}  // namespace rollcall
