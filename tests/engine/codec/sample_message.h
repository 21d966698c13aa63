#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/row_id.h"
#include "engine/codec/archive.h"

namespace rollcall {

// Messages that no protocol has, with every kind of field.

enum class Color : std::uint8_t { none = 0, red = 1, blue = 2 };
inline std::span<const EnumName<Color>> enum_names(Color) {
  static constexpr EnumName<Color> names[] = {
      {Color::none, "none"}, {Color::red, "red"}, {Color::blue, "blue"}};
  return names;
}

enum class ParcelSize : std::uint8_t { small = 1, large = 2 };
inline std::span<const EnumName<ParcelSize>> enum_names(ParcelSize) {
  static constexpr EnumName<ParcelSize> names[] = {{ParcelSize::small, "small"},
                                                   {ParcelSize::large, "large"}};
  return names;
}

struct PostageStamp {
  std::int32_t weight = 0;
  std::string country;
  bool operator==(const PostageStamp&) const = default;
};
template <class Archive>
void describe(Archive& a, PostageStamp& m) {
  a.field(1, "weight", m.weight);
  a.field(2, "country", m.country);
}

struct Letter {
  bool urgent = false;
  Sequence number;
  std::string text;
  Bytes seal;
  std::vector<PostageStamp> stamps;
  PostageStamp first;
  std::optional<std::string> nickname;
  Hash hash;
  RowId row;
  Stamp stamp;
  Color color = Color::none;
  std::uint32_t width = 0;
  Value value;
  std::vector<Value> values;
  std::vector<Bytes> pages;
  std::optional<Bytes> cover;
  ErrorCode error{};
  std::optional<std::uint32_t> page;
  std::vector<std::string> lines;
  std::vector<bool> marks;
  std::int64_t balance = 0;
  bool operator==(const Letter&) const = default;
};
template <class Archive>
void describe(Archive& a, Letter& m) {
  a.field(1, "urgent", m.urgent);
  a.field(2, "number", m.number);
  a.field(4, "text", m.text);
  a.bytes(5, "seal", m.seal);
  a.field(6, "stamps", m.stamps);
  a.field(7, "first", m.first);
  a.field(8, "nickname", m.nickname);
  a.field(9, "hash", m.hash);
  a.field(10, "row", m.row);
  a.field(11, "stamp", m.stamp);
  a.field(12, "color", m.color);
  a.field(13, "width", m.width);
  a.field(14, "value", m.value);
  a.field(15, "values", m.values);
  a.bytes(16, "pages", m.pages);
  a.bytes(17, "cover", m.cover);
  a.field(18, "error", m.error);
  a.field(19, "page", m.page);
  a.field(20, "lines", m.lines);
  a.field(21, "marks", m.marks);
  a.field(22, "balance", m.balance);
}

struct Parcel {
  ParcelSize size = ParcelSize::small;
};
template <class Archive>
void describe(Archive& a, Parcel& m) {
  a.field(1, "size", m.size);
}

struct Wide {
  std::array<int, 30> numbers{};
};
template <class Archive>
void describe(Archive& a, Wide& m) {
  for (std::size_t i = 0; i < m.numbers.size(); ++i) {
    a.field(i + 1, "n" + std::to_string(i), m.numbers[i]);
  }
}

inline Letter full_letter() {
  Letter letter;
  letter.urgent = true;
  letter.number = Sequence(~std::uint64_t{0});
  letter.text = "Zo\u00eb\n\"\\\x01";
  letter.seal = Bytes("\x00\xff", 2);
  letter.stamps = {{-5, "US"}, {}, {7, ""}};
  letter.first = {3, "CA"};
  letter.nickname = "Z";
  letter.hash.bytes.fill('\x11');
  letter.row.bytes.fill('\x22');
  letter.stamp = Stamp::at(1'790'000'000'000, 3, DeviceNumber(9));
  letter.color = Color::blue;
  letter.width = 70'000;
  letter.value = Value::bytes("\xfe");
  letter.values = {Value(),
                   Value::boolean(true),
                   Value::integer(-3),
                   Value::integer(std::int64_t{1} << 60),
                   Value::text("t"),
                   Value::bytes("b")};
  letter.pages = {"one", "", "three"};
  letter.cover = "";
  letter.error = ErrorCode::forked;
  letter.page = 0;
  letter.lines = {"", "a line"};
  letter.marks = {true, false, true};
  letter.balance = -(std::int64_t{1} << 62);
  return letter;
}

}  // namespace rollcall
