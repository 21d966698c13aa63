#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace rollcall {

// A QR code (ISO/IEC 18004) of some text, error correction level M, in its smallest version.
// A value: modules in rows, dark or light, without the quiet zone, which every drawing adds.
class QrCode {
 public:
  // invalid_argument where the text is longer than any QR code holds (2,331 bytes at level M).
  static Result<QrCode> of(std::string_view text);

  [[nodiscard]] std::size_t width() const { return width_; }  // modules, without the quiet zone
  [[nodiscard]] bool dark(std::size_t row, std::size_t column) const {
    return dark_[row * width_ + column];
  }

  // Two modules a character, one above the other, in lines that end with "\n". `colours`: black on
  // white by ANSI sequences, whatever the terminal's own colours are; without them a dark module
  // is ink, as on paper.
  [[nodiscard]] std::string drawn(bool colours) const;
  // A grey PNG of 8 pixels a module. The file is its owner's alone: an invitation is a secret.
  [[nodiscard]] Result<void> write_png(const std::string& path) const;

 private:
  QrCode(std::size_t width, std::vector<bool> dark) : width_(width), dark_(std::move(dark)) {}
  // The same with the quiet zone, counted from its corner: light outside.
  [[nodiscard]] bool dark_framed(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::size_t width_framed() const;

  std::size_t width_;
  std::vector<bool> dark_;
};

}  // namespace rollcall
