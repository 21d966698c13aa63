#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"

namespace rollcall {

// What a value is made of, on the wire and in SQLite alike. No floats: they do not compare.
enum class ValueKind : std::uint8_t { null = 0, boolean = 1, integer = 2, text = 3, bytes = 4 };

std::string_view kind_name(ValueKind kind);

// A value that somebody else owns: bound to SQLite or copied into a page without a copy between.
struct ValueView {
  ValueKind kind = ValueKind::null;
  std::int64_t integer = 0;  // boolean: 0 or 1
  BytesView bytes;           // text: UTF-8, may hold NUL; bytes: anything

  static constexpr ValueView null() { return {}; }
  static constexpr ValueView of_boolean(bool b) { return {ValueKind::boolean, b ? 1 : 0, {}}; }
  static constexpr ValueView of_integer(std::int64_t i) { return {ValueKind::integer, i, {}}; }
  static constexpr ValueView of_text(BytesView t) { return {ValueKind::text, 0, t}; }
  static constexpr ValueView of_bytes(BytesView b) { return {ValueKind::bytes, 0, b}; }

  [[nodiscard]] constexpr bool is_null() const { return kind == ValueKind::null; }
  friend bool operator==(const ValueView&, const ValueView&) = default;
  // A total order, so that sets and ties come out the same everywhere: by kind, then by content
  // (integers as numbers, text and bytes bytewise).
  friend bool operator<(const ValueView& a, const ValueView& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if (a.integer != b.integer) return a.integer < b.integer;
    return a.bytes < b.bytes;
  }
};

// A value of its own.
class Value {
 public:
  Value() = default;
  explicit Value(const ValueView& view)
      : kind_(view.kind), integer_(view.integer), bytes_(view.bytes) {}

  static Value boolean(bool b) { return Value(ValueView::of_boolean(b)); }
  static Value integer(std::int64_t i) { return Value(ValueView::of_integer(i)); }
  static Value text(BytesView t) { return Value(ValueView::of_text(t)); }
  static Value bytes(BytesView b) { return Value(ValueView::of_bytes(b)); }

  [[nodiscard]] ValueView view() const { return {kind_, integer_, bytes_}; }
  operator ValueView() const { return view(); }  // NOLINT: a Value is read as a view of itself
  [[nodiscard]] bool is_null() const { return kind_ == ValueKind::null; }
  friend bool operator==(const Value&, const Value&) = default;
  friend bool operator<(const Value& a, const Value& b) { return a.view() < b.view(); }

 private:
  ValueKind kind_ = ValueKind::null;
  std::int64_t integer_ = 0;
  Bytes bytes_;
};

}  // namespace rollcall
