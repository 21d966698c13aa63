#include "engine/codec/word_table.h"

#include <map>

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace rollcall {
namespace {

TEST(WordTable, NumbersWordsAsTheyFirstAppear) {
  WordTable table;
  EXPECT_EQ(table.place_of("b"), 0u);
  EXPECT_EQ(table.place_of("a"), 1u);
  EXPECT_EQ(table.place_of("b"), 0u);
  EXPECT_EQ(table.place_of(""), 2u);
  EXPECT_EQ(table.add_unnamed(), 3u);
  EXPECT_EQ(table.place_of(""), 2u);
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.word(1), "a");
  EXPECT_EQ(table.bytes(), 2u);
}

TEST(WordTable, TellsWordsOfEveryLengthApart) {
  // Lengths around the loads of 4, 7, 8 and 16 bytes, words that differ in one byte only, and NULs.
  std::vector<Bytes> words;
  for (std::size_t size = 0; size <= 40; ++size) {
    words.push_back(Bytes(size, '\0'));
    for (std::size_t at = 0; at < size; ++at) {
      words.push_back(Bytes(size, 'x'));
      words.back()[at] = 'y';
    }
  }
  WordTable table;
  for (std::size_t i = 0; i < words.size(); ++i) EXPECT_EQ(table.place_of(words[i]), i);
  for (std::size_t i = 0; i < words.size(); ++i) EXPECT_EQ(table.place_of(words[i]), i);
}

TEST(WordTable, AKnownKeyIsTheOneThatItMakesItself) {
  WordTable table;
  const char text[] = "abcdefgh";
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, 8);
  for (std::size_t size = 0; size <= WordTable::short_bytes_max; ++size) {
    const BytesView word(text, size);
    EXPECT_EQ(table.place_of(word), table.place_of(WordTable::short_key(bytes, size), word));
  }
}

TEST(WordTable, AgreesWithAMapOnRandomWords) {
  SeededRandom random(7);
  std::vector<Bytes> words(20'000);
  for (Bytes& word : words) {
    word.resize(random.below(12));
    for (char& c : word) c = static_cast<char>('a' + random.below(3));
  }
  WordTable table;
  std::map<Bytes, std::uint32_t> places;
  for (const Bytes& word : words) {
    const auto [entry, is_new] = places.emplace(word, static_cast<std::uint32_t>(places.size()));
    ASSERT_EQ(table.place_of(word), entry->second) << word;
  }
}

TEST(WordTable, GivesUpOnWordsChosenToCollide) {
  // Short words are their own keys, and the low bits of the place come from a fixed product: words
  // can be found that all begin to look at the same slot. Here: by trying.
  std::vector<Bytes> words;
  SeededRandom random(1);
  while (words.size() < 300) {
    Bytes word(7, '\0');
    random.fill(word.data(), word.size());
    std::uint64_t key = 0;
    std::memcpy(&key, word.data(), 7);
    key = WordTable::short_key(key, 7) * 0x9e3779b97f4a7c15ULL;
    if (((key ^ (key >> 32)) & 4095) == 0) words.push_back(word);
  }
  WordTable table;
  bool gave_up = false;
  for (const Bytes& word : words) gave_up = gave_up || !table.place_of(word);
  EXPECT_TRUE(gave_up);
}

}  // namespace
}  // namespace rollcall
