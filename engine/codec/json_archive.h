#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/row_id.h"
#include "engine/codec/archive.h"
#include "engine/codec/json_document.h"
#include "engine/codec/limits.h"

namespace rollcall {

// The same messages as JSON objects, for curl and for programs of others: fields by name, all of
// them but optional ones without a value. Bytes, hashes, keys and stamps are base64url without
// padding, row ids UUID text, enums and error codes their names. Whole numbers beyond 2^53 are
// strings, since many JSON readers would round them. A Value is null, true, a number or a string;
// {"integer": "..."} beyond 2^53; {"bytes": "..."}.
class JsonOut {
 public:
  explicit JsonOut(std::string& out) : out_(out) {}

  template <class T>
  void field(std::uint64_t, std::string_view name, const T& value) {
    write_field<false>(name, value);
  }
  template <class T>
  void bytes(std::uint64_t, std::string_view name, const T& value) {
    write_field<true>(name, value);
  }
  template <class M>
  void message(const M& m) {
    const bool outer_first = is_first_;
    is_first_ = true;
    out_.push_back('{');
    describe(*this, const_cast<M&>(m));
    out_.push_back('}');
    is_first_ = outer_first;
  }

 private:
  template <bool as_bytes, class T>
  void write_field(std::string_view name, const T& value) {
    if constexpr (is_optional<T>) {
      if (!value) return;
    }
    if (!is_first_) out_.push_back(',');
    is_first_ = false;
    text(name);
    out_.push_back(':');
    write<as_bytes>(value);
  }

  template <bool as_bytes, class T>
  void write(const T& value) {
    if constexpr (is_optional<T>) {
      write<as_bytes>(*value);
    } else if constexpr (is_vector<T>) {
      out_.push_back('[');
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out_.push_back(',');
        write<as_bytes>(static_cast<const typename T::value_type&>(value[i]));
      }
      out_.push_back(']');
    } else if constexpr (as_bytes) {
      static_assert(std::same_as<T, Bytes>, "bytes() takes Bytes");
      base64(value);
    } else if constexpr (Described<T, JsonOut>) {
      message(value);
    } else if constexpr (std::same_as<T, bool>) {
      out_.append(value ? "true" : "false");
    } else if constexpr (std::unsigned_integral<T>) {
      unsigned_integer(value);
    } else if constexpr (std::signed_integral<T>) {
      integer(value);
    } else if constexpr (is_number<T>) {
      write<false>(value.value);
    } else if constexpr (std::same_as<T, std::string>) {
      text(value);
    } else if constexpr (std::same_as<T, ErrorCode>) {
      error_code(value);
    } else if constexpr (NamedEnum<T>) {
      const auto name = name_of_enum(value);
      ROLLCALL_CHECK(name.has_value());
      text(*name);
    } else if constexpr (std::same_as<T, RowId>) {
      text(value.text());
    } else if constexpr (FixedBytes<T>) {
      base64(value.view());
    } else if constexpr (std::same_as<T, Stamp>) {
      base64(value.bytes());
    } else {
      static_assert(std::same_as<T, Value>, "not a type that messages carry");
      this->value(value.view());
    }
  }

  void text(std::string_view utf8);
  void base64(BytesView content);
  void integer(std::int64_t number);
  void unsigned_integer(std::uint64_t number);
  void error_code(ErrorCode code);
  void value(const ValueView& value);

  std::string& out_;
  bool is_first_ = true;  // the next field is its object's first
};

// Reads what JsonOut writes; a field that is missing, or null, is zero, empty or nothing. Numbers
// may be strings of any size. Names that it does not know are skipped, up to
// `message_unknown_fields_max`. After the first error nothing more is read; the error names the
// field.
class JsonIn {
 public:
  explicit JsonIn(const JsonDocument& document) : document_(document) {}

  template <class T>
  void field(std::uint64_t, std::string_view name, T& value) {
    read_field<false>(name, value);
  }
  template <class T>
  void bytes(std::uint64_t, std::string_view name, T& value) {
    read_field<true>(name, value);
  }
  template <class M>
  void message(M& m) {
    read_message(0, m);
  }
  Result<void> finish() {
    if (error_) return *error_;
    return {};
  }

 private:
  using Node = JsonDocument::Node;
  using Kind = JsonDocument::Kind;

  void refuse(ErrorCode code, std::string_view what);
  void name_error(std::string_view name);
  bool expect(const Node& node, Kind kind, std::string_view wanted);
  void close_message(std::size_t place);

  template <class M>
  void read_message(std::size_t place, M& m) {
    if (!expect(document_.node(place), Kind::object, "an object")) return;
    const std::size_t outer_object = object_;
    const std::size_t outer_known = known_;
    object_ = place;
    known_ = 0;
    describe(*this, m);
    close_message(place);
    object_ = outer_object;
    known_ = outer_known;
  }

  template <bool as_bytes, class T>
  void read_field(std::string_view name, T& value) {
    if (error_) return;
    const auto place = document_.member(object_, name);
    if (place) ++known_;
    if (!place || document_.node(*place).kind == Kind::null) {
      value = T{};
      if constexpr (NamedEnum<T>) {
        if (!name_of_enum(value)) refuse(ErrorCode::malformed, "is missing");
      }
    } else {
      read<as_bytes>(*place, value);
    }
    if (error_) name_error(name);
  }

  template <class T>
  void read_integer(const Node& node, T& value) {
    bool is_negative = false;
    std::uint64_t bits = 0;
    if (!whole_number(node, is_negative, bits)) return;
    const bool fits =
        std::unsigned_integral<T>
            ? !is_negative && bits <= static_cast<std::uint64_t>(std::numeric_limits<T>::max())
        : is_negative ? static_cast<std::int64_t>(bits) >=
                            static_cast<std::int64_t>(std::numeric_limits<T>::min())
                      : bits <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    if (!fits) return refuse(ErrorCode::bad_value, "a whole number is too large for its field");
    value = static_cast<T>(bits);
  }

  template <bool as_bytes, class T>
  void read(std::size_t place, T& value) {
    const Node& node = document_.node(place);
    if constexpr (is_optional<T>) {
      read<as_bytes>(place, value.emplace());
    } else if constexpr (is_vector<T>) {
      if (!expect(node, Kind::list, "a list")) return;
      value.clear();
      for (std::size_t at = place + 1; at < node.end && !error_; at = document_.node(at).end) {
        typename T::value_type element{};
        read<as_bytes>(at, element);
        value.push_back(std::move(element));
      }
    } else if constexpr (as_bytes) {
      static_assert(std::same_as<T, Bytes>, "bytes() takes Bytes");
      base64(node, value);
    } else if constexpr (Described<T, JsonIn>) {
      read_message(place, value);
    } else if constexpr (std::same_as<T, bool>) {
      if (expect(node, Kind::boolean, "true or false")) value = node.number != 0;
    } else if constexpr (std::integral<T>) {
      read_integer(node, value);
    } else if constexpr (is_number<T>) {
      read_integer(node, value.value);
    } else if constexpr (std::same_as<T, std::string>) {
      if (expect(node, Kind::text, "text")) value = node.text;
    } else if constexpr (std::same_as<T, ErrorCode>) {
      error_code(node, value);
    } else if constexpr (NamedEnum<T>) {
      if (!expect(node, Kind::text, "a name")) return;
      const auto named = enum_of_name<T>(node.text);
      if (!named) return refuse(ErrorCode::bad_value, "is none of the names it may have");
      value = *named;
    } else if constexpr (std::same_as<T, RowId>) {
      row_id(node, value);
    } else if constexpr (FixedBytes<T>) {
      if (Bytes content; fixed(node, T::size_bytes, content)) value = T::from_bytes(content);
    } else if constexpr (std::same_as<T, Stamp>) {
      if (Bytes content; fixed(node, Stamp::size_bytes, content))
        value = Stamp::from_bytes(content);
    } else {
      static_assert(std::same_as<T, Value>, "not a type that messages carry");
      this->value(place, value);
    }
  }

  // A number, or a text that is one; negative ones as two's complement.
  bool whole_number(const Node& node, bool& is_negative, std::uint64_t& bits);
  void base64(const Node& node, Bytes& content);
  bool fixed(const Node& node, std::size_t size, Bytes& content);
  void row_id(const Node& node, RowId& id);
  void error_code(const Node& node, ErrorCode& code);
  void value(std::size_t place, Value& value);

  const JsonDocument& document_;
  std::size_t object_ = 0;
  std::size_t known_ = 0;  // members of the object that the description names
  std::size_t unknown_left_ = message_unknown_fields_max;
  std::optional<Error> error_;
};

template <class M>
std::string to_json(const M& message) {
  std::string out;
  JsonOut(out).message(message);
  return out;
}

template <class M>
Result<M> from_json(std::string_view text) {
  ROLLCALL_TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(text));
  M message{};
  JsonIn archive(document);
  archive.message(message);
  ROLLCALL_TRY(archive.finish());
  return message;
}

}  // namespace rollcall
