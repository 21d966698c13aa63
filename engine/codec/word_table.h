#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "engine/base/bytes.h"

namespace rollcall {

// Distinct byte strings, numbered from 0 as they first appear. Holds views: the strings must stay
// where they are. It gives up, for good, on strings that collide as no honest ones do, so that
// nobody can make a page slow by choosing its values.
class WordTable {
 public:
  WordTable() { clear(); }
  void clear();
  // The number of a string, a new one if need be; nothing when the table has given up.
  std::optional<std::uint32_t> place_of(BytesView word) { return place_of(key_of(word), word); }
  // The same for a string whose key is known (short_key).
  std::optional<std::uint32_t> place_of(std::uint64_t key, BytesView word) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = slot_of(key) & mask;
    for (std::size_t probes = 0; probes < probes_max; ++probes, at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.key == key && slot.place != 0) {
        const std::uint32_t place = slot.place - 1;
        if (is_whole(key) || words_[place] == word) return place;
      }
      if (slot.place == 0) return add(key, word, at);
    }
    return std::nullopt;
  }
  static constexpr std::size_t short_bytes_max = 7;
  // The key of a string of at most that many bytes, which are the lowest of `bytes`.
  static std::uint64_t short_key(std::uint64_t bytes, std::size_t size) {
    const std::uint64_t mask = (std::uint64_t{1} << (8 * size)) - 1;
    return (bytes & mask) | static_cast<std::uint64_t>(size) << 56;
  }
  // A number for something that is not a string.
  std::uint32_t add_unnamed();

  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] BytesView word(std::size_t place) const { return words_[place]; }
  // Lengths of all strings together.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t place = 0;  // plus one; 0: free
  };
  static constexpr std::size_t probes_max = 128;
  static constexpr std::uint64_t long_mark = std::uint64_t{1} << 63;

  // Up to seven bytes are their own key, below their length; more have a hash that is marked.
  static std::uint64_t key_of(BytesView word) {
    const std::size_t size = word.size();
    if (size > short_bytes_max) return hash_of(word) | long_mark;
    const char* const at = word.data();
    const auto byte = [at](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<std::uint8_t>(at[i])) << (8 * i);
    };
    const std::uint64_t mark = static_cast<std::uint64_t>(size) << 56;
    if (size >= 4) return mark | load4(at) | load4(at + size - 4) << (8 * (size - 4));
    return size == 0 ? mark : mark | byte(0) | byte(size / 2) | byte(size - 1);
  }
  static bool is_whole(std::uint64_t key) { return key < long_mark; }
  static std::size_t slot_of(std::uint64_t key) {
    key *= 0x9e3779b97f4a7c15ULL;
    return static_cast<std::size_t>(key ^ (key >> 32));
  }
  static std::uint64_t load4(const char* at) {
    std::uint32_t word = 0;
    std::memcpy(&word, at, 4);
    return word;
  }
  static std::uint64_t hash_of(BytesView word);

  std::uint32_t add(std::uint64_t key, BytesView word, std::size_t slot);
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<BytesView> words_;
  std::size_t bytes_ = 0;
};

}  // namespace rollcall
