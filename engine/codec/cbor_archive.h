#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/codec/archive.h"
#include "engine/codec/cbor_reader.h"
#include "engine/codec/cbor_writer.h"
#include "engine/codec/limits.h"

namespace rollcall {

// Writes described messages (engine/codec/archive.h) as deterministic CBOR: a message is a map from
// its fields' keys to their values, ascending, zeros left out.
class CborOut {
 public:
  explicit CborOut(Bytes& out) : out_(out), writer_(out) {}

  template <class T>
  void field(std::uint64_t key, std::string_view, const T& value) {
    write_field<false>(key, value);
  }
  template <class T>
  void bytes(std::uint64_t key, std::string_view, const T& value) {
    write_field<true>(key, value);
  }
  template <class M>
  void message(const M& m) {
    const Map outer = map_;
    map_ = Map{out_.size(), 0, 0};
    out_.push_back('\xa0');
    describe(*this, const_cast<M&>(m));  // a description serves both ways; this one only reads
    close_map();
    map_ = outer;
  }

 private:
  struct Map {
    std::size_t start;
    std::size_t pairs;
    std::uint64_t next_key;
  };

  void open_field(std::uint64_t key);
  void close_map();

  template <bool as_bytes, class T>
  void write_field(std::uint64_t key, const T& value) {
    if constexpr (Described<T, CborOut>) {
      const std::size_t before = out_.size();
      const Map map_before = map_;
      open_field(key);
      const std::size_t start = out_.size();
      message(value);
      if (out_.size() == start + 1) {  // an empty map: as if it were not there
        out_.resize(before);
        map_ = map_before;
      }
    } else {
      if (is_zero(value)) return;
      open_field(key);
      write<as_bytes>(value);
    }
  }

  template <bool as_bytes, class T>
  void write(const T& value) {
    if constexpr (is_optional<T>) {
      write<as_bytes>(*value);
    } else if constexpr (is_vector<T>) {
      writer_.array(value.size());
      for (const auto& element : value) write<as_bytes>(element);
    } else if constexpr (as_bytes) {
      static_assert(std::same_as<T, Bytes>, "bytes() takes Bytes");
      writer_.bytes(value);
    } else if constexpr (Described<T, CborOut>) {
      message(value);
    } else if constexpr (std::same_as<T, bool>) {
      writer_.boolean(value);
    } else if constexpr (std::unsigned_integral<T>) {
      writer_.unsigned_integer(value);
    } else if constexpr (std::signed_integral<T>) {
      writer_.integer(value);
    } else if constexpr (is_number<T>) {
      write<false>(value.value);
    } else if constexpr (std::same_as<T, std::string>) {
      writer_.text(value);
    } else if constexpr (std::same_as<T, ErrorCode>) {
      writer_.integer(static_cast<std::int32_t>(value));
    } else if constexpr (NamedEnum<T>) {
      ROLLCALL_CHECK(name_of_enum(value).has_value());
      writer_.integer(static_cast<std::int64_t>(value));
    } else if constexpr (FixedBytes<T>) {
      writer_.bytes(value.view());
    } else if constexpr (std::same_as<T, Stamp>) {
      writer_.bytes(value.bytes());
    } else {
      static_assert(std::same_as<T, Value>, "not a type that messages carry");
      writer_.value(value.view());
    }
  }

  Bytes& out_;
  CborWriter writer_;
  Map map_{};
};

// Reads what CborOut writes and nothing else: an explicit zero is `not_canonical`. Unknown keys are
// skipped, up to `message_unknown_fields_max`. After the first error nothing more is read; the
// error names the field.
class CborIn {
 public:
  explicit CborIn(BytesView in) : reader_(in) {}

  template <class T>
  void field(std::uint64_t key, std::string_view name, T& value) {
    read_field<false>(key, name, value);
  }
  template <class T>
  void bytes(std::uint64_t key, std::string_view name, T& value) {
    read_field<true>(key, name, value);
  }
  // Reads a map; false, when reading failed.
  template <class M>
  void message(M& m) {
    const Map outer = map_;
    open_map();
    if (!error_) describe(*this, m);
    skip_rest();
    map_ = outer;
  }
  // All read, and nothing follows.
  Result<void> finish();

 private:
  struct Map {
    std::size_t pairs_left = 0;
    std::size_t pairs = 0;
    std::optional<std::uint64_t> key;  // read, its value not yet
  };

  void open_map();
  void skip_rest();
  // True when the map's next pair has this key; its value is next then.
  bool at_field(std::uint64_t key);
  bool skip_unknown();
  void refuse(Error error) {
    if (!error_) error_ = std::move(error);
  }
  void name_error(std::string_view name);

  // Takes a result's value, or its error.
  template <class T, class U>
  void take(Result<U> result, T& value) {
    if (result) {
      value = static_cast<T>(std::move(result).value());
    } else {
      refuse(std::move(result).error());
    }
  }

  template <bool as_bytes, class T>
  void read_field(std::uint64_t key, std::string_view name, T& value) {
    if (error_) return;
    if (!at_field(key)) {
      value = T{};
      if constexpr (NamedEnum<T>) {
        if (!name_of_enum(value)) refuse(reader_.refuse(ErrorCode::malformed, "is missing"));
      }
    } else {
      const std::size_t start = reader_.offset();
      read<as_bytes>(value);
      if (!error_) {
        bool explicit_zero;
        if constexpr (Described<T, CborIn>) {
          explicit_zero = reader_.offset() == start + 1;
        } else {
          explicit_zero = is_zero(value);
        }
        if (explicit_zero) {
          refuse(reader_.refuse(ErrorCode::not_canonical, "a zero is written, not left out"));
        }
      }
    }
    if (error_) name_error(name);
  }

  template <class T>
  void read_integer(T& value) {
    if constexpr (std::unsigned_integral<T>) {
      auto number = reader_.unsigned_integer();
      if (number && *number > std::numeric_limits<T>::max()) return refuse(too_wide());
      take(std::move(number), value);
    } else {
      auto number = reader_.integer();
      if (number &&
          (*number > std::numeric_limits<T>::max() || *number < std::numeric_limits<T>::min())) {
        return refuse(too_wide());
      }
      take(std::move(number), value);
    }
  }

  template <bool as_bytes, class T>
  void read(T& value) {
    if constexpr (is_optional<T>) {
      read<as_bytes>(value.emplace());
    } else if constexpr (is_vector<T>) {
      read_list<as_bytes>(value);
    } else if constexpr (as_bytes) {
      static_assert(std::same_as<T, Bytes>, "bytes() takes Bytes");
      take(reader_.bytes(), value);
    } else if constexpr (Described<T, CborIn>) {
      message(value);
    } else if constexpr (std::same_as<T, bool>) {
      take(reader_.boolean(), value);
    } else if constexpr (std::integral<T>) {
      read_integer(value);
    } else if constexpr (is_number<T>) {
      read_integer(value.value);
    } else if constexpr (std::same_as<T, std::string>) {
      take(reader_.text(), value);
    } else if constexpr (std::same_as<T, ErrorCode>) {
      std::int32_t number = 0;
      read_integer(number);
      value = static_cast<ErrorCode>(number);
    } else if constexpr (NamedEnum<T>) {
      std::underlying_type_t<T> number = 0;
      read_integer(number);
      value = static_cast<T>(number);
      if (!error_ && !name_of_enum(value)) {
        refuse(reader_.refuse(ErrorCode::bad_value,
                              std::to_string(number) + " is none of the values it may have"));
      }
    } else if constexpr (FixedBytes<T>) {
      if (const auto content = fixed(T::size_bytes)) value = T::from_bytes(*content);
    } else if constexpr (std::same_as<T, Stamp>) {
      if (const auto content = fixed(Stamp::size_bytes)) value = Stamp::from_bytes(*content);
    } else {
      static_assert(std::same_as<T, Value>, "not a type that messages carry");
      take(reader_.value(), value);
    }
  }

  template <bool as_bytes, class T>
  void read_list(std::vector<T>& list) {
    const auto count = reader_.array();
    if (!count) return refuse(count.error());
    if (*count > items_left_) {
      return refuse(reader_.refuse(ErrorCode::limit, "the message's lists have too many elements"));
    }
    items_left_ -= *count;
    list.clear();
    for (std::size_t i = 0; i < *count && !error_; ++i) {
      if constexpr (std::same_as<T, bool>) {
        bool element = false;
        read<false>(element);
        list.push_back(element);
      } else {
        read<as_bytes>(list.emplace_back());
      }
    }
  }

  std::optional<BytesView> fixed(std::size_t size);
  [[nodiscard]] Error too_wide() const;

  CborReader reader_;
  Map map_;
  std::size_t items_left_ = message_items_max;
  std::size_t unknown_left_ = message_unknown_fields_max;
  std::optional<Error> error_;
};

template <class M>
Bytes to_cbor(const M& message) {
  Bytes out;
  CborOut(out).message(message);
  return out;
}

template <class M>
Result<M> from_cbor(BytesView in) {
  if (in.size() > message_bytes_max) {
    return failure(ErrorCode::too_large, "a message of " + std::to_string(in.size()) +
                                             " bytes; at most " +
                                             std::to_string(message_bytes_max) + " are taken");
  }
  M message{};
  CborIn archive(in);
  archive.message(message);
  ROLLCALL_TRY(archive.finish());
  return message;
}

}  // namespace rollcall
