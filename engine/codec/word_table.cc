#include "engine/codec/word_table.h"

#include <utility>

namespace rollcall {
namespace {

constexpr std::size_t slots_min = 64;

std::uint64_t load8(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a = (a ^ 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  b = (b ^ (a >> 29) ^ 0x2545f4914f6cdd1dULL) * 0x94d049bb133111ebULL;
  return a ^ b ^ (b >> 32);
}

}  // namespace

// Of at least eight bytes.
std::uint64_t WordTable::hash_of(BytesView word) {
  const std::size_t size = word.size();
  const char* const at = word.data();
  std::uint64_t hash = size;
  for (std::size_t i = 0; i + 16 < size; i += 16)
    hash = mix(hash ^ load8(at + i), load8(at + i + 8));
  return size >= 16 ? mix(hash ^ load8(at + size - 16), load8(at + size - 8))
                    : mix(hash ^ load8(at), load8(at + size - 8));
}

void WordTable::clear() {
  slots_.assign(slots_min, {});
  words_.clear();
  bytes_ = 0;
}

std::uint32_t WordTable::add(std::uint64_t key, BytesView word, std::size_t slot) {
  words_.push_back(word);
  bytes_ += word.size();
  const auto place = static_cast<std::uint32_t>(words_.size());
  slots_[slot] = {key, place};
  if (words_.size() * 2 >= slots_.size()) grow();
  return place - 1;
}

std::uint32_t WordTable::add_unnamed() {
  words_.push_back({});
  if (words_.size() * 2 >= slots_.size()) grow();
  return static_cast<std::uint32_t>(words_.size() - 1);
}

void WordTable::grow() {
  std::vector<Slot> old(slots_.size() * 4);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& taken : old) {
    if (taken.place == 0) continue;
    std::size_t at = slot_of(taken.key) & mask;
    while (slots_[at].place != 0) at = (at + 1) & mask;
    slots_[at] = taken;
  }
}

}  // namespace rollcall
