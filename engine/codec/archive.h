#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/base/numbers.h"
#include "engine/clock/stamp.h"
#include "engine/model/value.h"

namespace rollcall {

// A message is described once, beside its struct:
//
//   template <class Archive>
//   void describe(Archive& a, SyncRequest& m) {
//     a.field(1, "device", m.device);
//     a.bytes(2, "cursor", m.cursor);        // Bytes: a string whose content is not text
//     a.field(3, "transactions", m.transactions);
//   }
//
// and four archives follow the description: CborOut and CborIn (engine/codec/cbor_archive.h),
// JsonOut and JsonIn (engine/codec/json_archive.h). Keys ascend, are from 0 to 2^64 - 1, stay what
// they are for ever and are never given again; a key that a reader does not know is skipped.
//
// What a field may be: bool, whole numbers, Number<>, std::string (text), Bytes (by `bytes`),
// enums, ErrorCode, Hash and its like, RowId, Stamp, Value, a described struct, and std::optional
// and std::vector of these. `bytes` takes Bytes, std::optional<Bytes> and std::vector<Bytes>.
//
// A field that is zero, empty, null or nothing is left out of CBOR; to keep zero and nothing apart,
// make it optional. So a struct's own initialisers must be the zeros of their types.

// An enum says how JSON names its values: `std::span<const EnumName<E>> enum_names(E)`, found
// beside the enum. An enum without a name for 0 is a field that must be given.
template <class E>
struct EnumName {
  E value;
  std::string_view name;
};

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E value) {
  { enum_names(value) } -> std::convertible_to<std::span<const EnumName<E>>>;
};

template <class E>
std::optional<std::string_view> name_of_enum(E value) {
  for (const EnumName<E>& known : enum_names(value)) {
    if (known.value == value) return known.name;
  }
  return std::nullopt;
}

template <class E>
std::optional<E> enum_of_name(std::string_view name) {
  for (const EnumName<E>& known : enum_names(E{})) {
    if (known.name == name) return known.value;
  }
  return std::nullopt;
}

// The code with this name (error_name); nothing when there is none.
std::optional<ErrorCode> error_of_name(std::string_view name);

// Hash, PublicKey, Signature, RowId: an array of bytes of one size.
template <class T>
concept FixedBytes = requires(T value) {
  { T::size_bytes } -> std::convertible_to<std::size_t>;
  requires std::same_as<decltype(value.bytes), std::array<char, T::size_bytes>>;
};

template <class T>
inline constexpr bool is_number = false;
template <class Meaning, class Representation>
inline constexpr bool is_number<Number<Meaning, Representation>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T, class Archive>
concept Described = requires(Archive& archive, T& value) { describe(archive, value); };

// True for what CBOR leaves out. Described structs are judged by their encoding instead.
template <class T>
bool is_zero(const T& value) {
  if constexpr (is_optional<T>) {
    return !value.has_value();
  } else if constexpr (is_vector<T> || std::same_as<T, std::string>) {
    return value.empty();
  } else if constexpr (std::same_as<T, Value>) {
    return value.is_null();
  } else if constexpr (std::same_as<T, Stamp>) {
    return value.is_none();
  } else {
    return value == T{};
  }
}

}  // namespace rollcall
