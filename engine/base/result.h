#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "engine/base/check.h"
#include "engine/base/error.h"

namespace rollcall {

// A value or an Error; what the outside world can cause comes back in one of these.
// Member names are those of std::expected (C++23), so that it can take over. Accessors CHECK.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    ROLLCALL_CHECK(has_value());
    return *std::get_if<0>(&content_);
  }
  const T& value() const& {
    ROLLCALL_CHECK(has_value());
    return *std::get_if<0>(&content_);
  }
  T&& value() && {
    ROLLCALL_CHECK(has_value());
    return std::move(*std::get_if<0>(&content_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& {
    ROLLCALL_CHECK(!has_value());
    return *std::get_if<1>(&content_);
  }
  [[nodiscard]] Error&& error() && {
    ROLLCALL_CHECK(!has_value());
    return std::move(*std::get_if<1>(&content_));
  }

  template <class U>
  T value_or(U&& other) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(other));
  }

 private:
  std::variant<T, Error> content_;
};

// Done, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const { ROLLCALL_CHECK(has_value()); }
  [[nodiscard]] const Error& error() const& {
    ROLLCALL_CHECK(!has_value());
    return *error_;
  }
  [[nodiscard]] Error&& error() && {
    ROLLCALL_CHECK(!has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

inline Error failure(ErrorCode code, std::string message) {
  return Error{code, std::move(message)};
}

}  // namespace rollcall

// Leaves the function with the error of `expression`, if it has one.
#define ROLLCALL_TRY(expression)                                      \
  do {                                                                \
    if (auto rollcall_try = (expression); !rollcall_try) [[unlikely]] \
      return std::move(rollcall_try).error();                         \
  } while (false)

// `ROLLCALL_TRY_ASSIGN(auto page, read_page())`: declares or assigns the value, or leaves.
#define ROLLCALL_TRY_ASSIGN(target, expression) \
  ROLLCALL_TRY_ASSIGN_AT(target, expression, ROLLCALL_JOIN(rollcall_try_, __LINE__))
#define ROLLCALL_TRY_ASSIGN_AT(target, expression, name) \
  auto name = (expression);                              \
  if (!name) [[unlikely]]                                \
    return std::move(name).error();                      \
  target = std::move(name).value()
#define ROLLCALL_JOIN(a, b) ROLLCALL_JOIN_TEXT(a, b)
#define ROLLCALL_JOIN_TEXT(a, b) a##b
