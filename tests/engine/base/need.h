#pragma once

#include <cstdlib>
#include <optional>
#include <ostream>
#include <utility>

#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/base/result.h"

// What tests do with results.
namespace rollcall {

// The value, or the test fails and the program with it: nothing sensible can follow.
template <class T>
T need(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return std::move(result).value();
}
inline void need(const Result<void>& result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
}

// Null when it succeeded.
template <class T>
std::optional<ErrorCode> code_of(const Result<T>& result) {
  if (result.has_value()) return std::nullopt;
  return result.error().code;
}

// For messages of tests that fail.
inline void PrintTo(ErrorCode code, std::ostream* out) { *out << error_name(code); }

}  // namespace rollcall
