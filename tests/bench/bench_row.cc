#include "tests/bench/bench_row.h"

#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/base/random.h"
#include "engine/clock/utc_time.h"

namespace rollcall::bench {
namespace {

constexpr std::int64_t first_ms = 1'767'225'600'000;  // 2026-01-01
constexpr std::int64_t day_ms = 86'400'000;

constexpr std::array<std::string_view, 24> given{
    "James", "Mary",   "Robert", "Patricia", "John",   "Jennifer", "Michael", "Linda",
    "David", "Susan",  "Joseph", "Karen",    "Carlos", "Ana",      "Luis",    "Sofía",
    "Wei",   "Fatima", "Kwame",  "Zoë",      "Björn",  "Ingrid",   "Noor",    "Priya"};
constexpr std::array<std::string_view, 24> family_names{
    "Smith",    "Johnson", "Williams", "Brown",  "Jones", "Garcia",  "Miller",  "Davis",
    "Lopez",    "Wilson",  "Anderson", "Thomas", "Moore", "Jackson", "Martin",  "Lee",
    "Thompson", "White",   "Harris",   "Clark",  "Lewis", "Walker",  "Ramirez", "Nguyen"};
constexpr std::array<std::string_view, 5> role{"voter", "volunteer", "captain", "observer",
                                               "organizer"};
constexpr std::array<std::string_view, 5> status{"new", "contacted", "pledged", "declined",
                                                 "moved"};
constexpr std::array<std::string_view, 24> words{
    "called", "left",  "message", "at",   "door",   "prefers", "evening",   "contact",
    "asked",  "about", "transit", "will", "drive",  "needs",   "ride",      "on",
    "day",    "has",   "two",     "dogs", "follow", "up",      "undecided", "council"};

template <std::size_t Size>
std::string_view pick(SeededRandom& random, const std::array<std::string_view, Size>& from) {
  return from[random.below(Size)];
}

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string notes(SeededRandom& random) {
  const std::size_t length = 40 + random.below(81);
  std::string text(pick(random, words));
  while (text.size() < length) text.append(" ").append(pick(random, words));
  text.resize(length);
  if (text.back() == ' ') text.back() = '.';
  return text;
}

}  // namespace

void BenchRows::add(const RowId& id, const std::array<std::string, field_count>& fields) {
  ids_.push_back(id);
  for (const std::string& field : fields) {
    places_.emplace_back(block_.size(), field.size());
    block_ += field;
  }
}

void BenchRows::settle() {
  cells_.reserve(places_.size());
  for (const auto& [at, size] : places_) {
    cells_.push_back(ValueView::of_text(std::string_view(block_).substr(at, size)));
  }
}

BenchRows BenchRows::generate(std::size_t rows, std::uint64_t seed) {
  SeededRandom random(seed);
  RowIdSource ids(random);
  BenchRows made;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::string_view family = pick(random, family_names);
    const std::uint64_t phone = 2'000'000 + random.below(7'999'999);
    const std::string updated =
        utc_text(first_ms + static_cast<std::int64_t>(random.below(200 * 86'400)) * 1000);
    // A thousand rows in a few milliseconds, as a fast local import makes them.
    const std::int64_t now_ms = first_ms + 200 * day_ms + static_cast<std::int64_t>(i / 250);
    made.add(ids.next(now_ms),
             {std::string(pick(random, given)), std::string(family),
              fmt::format("+1-555-{:03}-{:04}", phone / 10'000, phone % 10'000),
              fmt::format("{}.{}@example.org", ascii_lower(family), random.below(1'000'000)),
              fmt::format("P{:03}", random.below(200)), std::string(pick(random, role)),
              std::string(pick(random, status)), notes(random), updated.substr(0, 19) + "Z"});
  }
  made.settle();
  return made;
}

Result<BenchRows> BenchRows::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return failure(ErrorCode::not_found, path + " cannot be read");
  BenchRows rows;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    const auto refuse = [&](std::string_view why) {
      return failure(ErrorCode::malformed, fmt::format("{}:{}: {}", path, number, why));
    };
    if (!json.is_object() || !json.contains("id")) return refuse("not an object with an \"id\"");
    const auto id = RowId::parse(json["id"].get<std::string>());
    if (!id) return refuse(id.error().message);
    std::array<std::string, field_count> fields;
    for (std::size_t i = 0; i < field_count; ++i) {
      fields[i] = json.value(std::string(field_names[i]), "");
    }
    rows.add(*id, fields);
  }
  rows.settle();
  return rows;
}

std::string BenchRows::json_lines() const {
  std::string lines;
  for (std::size_t row = 0; row < size(); ++row) {
    auto json = nlohmann::ordered_json::object();
    json["id"] = ids_[row].text();
    for (std::size_t i = 0; i < field_count; ++i) {
      json[std::string(field_names[i])] = std::string(cells_[row * field_count + i].bytes);
    }
    lines += json.dump();
    lines += '\n';
  }
  return lines;
}

}  // namespace rollcall::bench
