#include "engine/codec/word_table.h"

#include <cstring>

namespace rollcall {
namespace {

constexpr std::size_t kSlotsMin = 64;
constexpr std::size_t kProbesMax = 128;

std::uint64_t load8(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

std::uint64_t load4(const char* at) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, 4);
  return word;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a = (a ^ 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  b = (b ^ (a >> 29) ^ 0x2545f4914f6cdd1dULL) * 0x94d049bb133111ebULL;
  return a ^ b ^ (b >> 32);
}

std::uint64_t hash_of(BytesView word) {
  const std::size_t size = word.size();
  const char* at = word.data();
  if (size <= 16) {
    if (size >= 8) return mix(load8(at) + size, load8(at + size - 8));
    if (size >= 4) return mix(load4(at) + (size << 32), load4(at + size - 4));
    std::uint64_t few = size << 32;
    for (std::size_t i = 0; i < size; ++i) {
      few |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(at[i])) << (8 * i);
    }
    return mix(few, 0);
  }
  std::uint64_t hash = size;
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16) hash = mix(hash ^ load8(at + i), load8(at + i + 8));
  return mix(hash ^ load8(at + size - 16), load8(at + size - 8));
}

}  // namespace

void WordTable::clear() {
  slots_.assign(kSlotsMin, 0);
  hashes_.clear();
  words_.clear();
  bytes_ = 0;
}

std::optional<std::uint32_t> WordTable::place_of(BytesView word) {
  if (words_.size() * 2 >= slots_.size()) grow();
  const std::uint64_t hash = hash_of(word);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(hash) & mask;
  for (std::size_t probes = 0; probes < kProbesMax; ++probes, slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      const auto place = static_cast<std::uint32_t>(words_.size());
      slots_[slot] = place + 1;
      hashes_.push_back(hash);
      words_.push_back(word);
      bytes_ += word.size();
      return place;
    }
    const std::uint32_t place = slots_[slot] - 1;
    if (hashes_[place] == hash && words_[place] == word) return place;
  }
  return std::nullopt;
}

std::uint32_t WordTable::add_unnamed() {
  hashes_.push_back(0);
  words_.push_back({});
  return static_cast<std::uint32_t>(words_.size() - 1);
}

// Unnamed entries get no slot; a string that is found again finds its own first.
void WordTable::grow() {
  std::vector<std::uint32_t> old(slots_.size() * 4, 0);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const std::uint32_t taken : old) {
    if (taken == 0) continue;
    std::size_t slot = static_cast<std::size_t>(hashes_[taken - 1]) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = taken;
  }
}

}  // namespace rollcall
