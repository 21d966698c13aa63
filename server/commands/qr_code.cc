#include "server/commands/qr_code.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <system_error>

#include <png.h>
#include <qrencode.h>

#include "server/commands/limits.h"

namespace rollcall {
namespace {

std::string_view half_blocks(bool upper, bool lower) {
  if (upper) return lower ? "█" : "▀";
  return lower ? "▄" : " ";
}

}  // namespace

Result<QrCode> QrCode::of(std::string_view text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeData(static_cast<int>(text.size()),
                        reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_M),
      &QRcode_free);
  if (!code) {
    return failure(ErrorCode::invalid_argument,
                   "no QR code can hold " + std::to_string(text.size()) +
                       " bytes: give the server a shorter public address");
  }
  const auto width = static_cast<std::size_t>(code->width);
  std::vector<bool> dark(width * width);
  for (std::size_t i = 0; i < dark.size(); ++i) dark[i] = (code->data[i] & 1) != 0;
  return QrCode(width, std::move(dark));
}

std::size_t QrCode::width_framed() const { return width_ + 2 * qr_quiet_modules; }

bool QrCode::dark_framed(std::size_t row, std::size_t column) const {
  const auto inside = [this](std::size_t at) {
    return at >= qr_quiet_modules && at < qr_quiet_modules + width_;
  };
  return inside(row) && inside(column) && dark(row - qr_quiet_modules, column - qr_quiet_modules);
}

std::string QrCode::drawn(bool colours) const {
  std::string text;
  for (std::size_t row = 0; row < width_framed(); row += 2) {
    if (colours) text += "\x1b[30;107m";
    for (std::size_t column = 0; column < width_framed(); ++column) {
      text += half_blocks(dark_framed(row, column), dark_framed(row + 1, column));
    }
    text += colours ? "\x1b[0m\n" : "\n";
  }
  return text;
}

Result<void> QrCode::write_png(const std::string& path) const {
  const std::size_t width = width_framed() * qr_module_pixels;
  std::vector<std::uint8_t> pixels(width * width);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const bool dark = dark_framed(i / width / qr_module_pixels, i % width / qr_module_pixels);
    pixels[i] = dark ? 0x00 : 0xff;
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = image.width;
  image.format = PNG_FORMAT_GRAY;

  const auto failed = [&path](std::string_view why) {
    return failure(ErrorCode::io, "could not write the QR code to " + path + ": " +
                                      std::string(why) + "; give --qr-png another file");
  };
  const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (handle < 0) return failed(std::generic_category().message(errno));
  // A file that was there keeps its mode unless told.
  const bool is_private = ::fchmod(handle, 0600) == 0;
  std::FILE* file = is_private ? ::fdopen(handle, "wb") : nullptr;
  if (file == nullptr) {
    const int why = errno;
    ::close(handle);
    return failed(std::generic_category().message(why));
  }
  const bool written = png_image_write_to_stdio(&image, file, 0, pixels.data(), 0, nullptr) != 0;
  const bool closed = std::fclose(file) == 0;
  if (!written) return failed(image.message);
  if (!closed) return failed(std::generic_category().message(errno));
  return {};
}

}  // namespace rollcall
