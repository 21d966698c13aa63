#include "examples/captain/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace rollcall::captain {
namespace {

constexpr std::size_t bar_width = 30;
constexpr std::size_t column_width_max = 48;

// Characters on the screen: UTF-8 continuation bytes take no room.
std::size_t shown_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t shown = shown_width(text);
  if (shown < width) text.append(width - shown, ' ');
  return text;
}

std::string cut(const std::string& text, std::size_t width) {
  if (shown_width(text) <= width) return text;
  std::string out;
  std::size_t shown = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80 && ++shown > width - 1) break;
    out.push_back(c);
  }
  return out + "…";
}

// How many bytes at `at` are a character that commands a terminal or turns the writing around: C0,
// DEL, C1 (U+0080 to U+009F, two bytes), U+202A to U+202E and U+2066 to U+2069 (three). Else 0.
std::size_t commanding_bytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;
  if (byte(0) != 0xe2) return 0;
  const bool overrides = byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae;
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return overrides || isolates ? 3 : 0;
}

// Commanding characters become '?', line ends and tabs blanks: what stands in data is shown, never
// obeyed.
std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = commanding_bytes(text, at);
    if (bytes == 0) {
      out.push_back(text[at]);
    } else {
      out.push_back(text[at] == '\n' || text[at] == '\t' ? ' ' : '?');
    }
    at += std::max<std::size_t>(bytes, 1);
  }
  return out;
}

// JSON on one line. Such characters can only stand inside its texts, where an escape means the
// same.
std::string json_line(const nlohmann::json& object) {
  const std::string text = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = commanding_bytes(text, at);
    const auto low = [&](std::size_t i) { return static_cast<unsigned>(text[at + i]) & 0x3fu; };
    if (bytes == 0) out += text[at];
    if (bytes == 1) out += "\\u007f";  // nlohmann escapes all others
    if (bytes == 2) out += fmt::format("\\u{:04x}", 0x80 | low(1));
    if (bytes == 3) out += fmt::format("\\u{:04x}", 0x2000 | low(1) << 6 | low(2));
    at += std::max<std::size_t>(bytes, 1);
  }
  return out;
}

}  // namespace

Terminal::Terminal(bool json) : json_(json), bar_(!json && isatty(STDERR_FILENO) != 0) {}

void Terminal::print_json(const nlohmann::json& object) const {
  fmt::print("{}\n", json_line(object));
}

void Terminal::print(std::string_view line) const { fmt::print("{}\n", harmless(line)); }

void Terminal::print_table(const std::vector<std::string>& heading,
                           const std::vector<std::vector<std::string>>& rows) const {
  std::vector<std::size_t> widths;
  widths.reserve(heading.size());
  for (const std::string& title : heading) widths.push_back(shown_width(title));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(shown_width(row[i]), column_width_max));
    }
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = cut(cells[i], column_width_max);
      text += i + 1 == cells.size() ? cell : padded(cell, widths[i]) + "  ";
    }
    print(text);
  };
  line(heading);
  for (const auto& row : rows) line(row);
}

Exit Terminal::fail(const client::Failure& failure) const {
  std::fflush(stdout);
  if (json_) {
    const nlohmann::json object = {
        {"error", failure.name()}, {"code", failure.code}, {"message", failure.message}};
    fmt::print(stderr, "{}\n", json_line(object));
  } else {
    fmt::print(stderr, "rollcall: {}\n", harmless(failure.message));
  }
  const bool unreachable = failure.code == ROLLCALL_E_UNREACHABLE ||
                           failure.code == ROLLCALL_E_TIMED_OUT ||
                           failure.code == ROLLCALL_E_NOT_ROLLCALL;
  return unreachable ? Exit::unreachable : Exit::failed;
}

Exit Terminal::misused(std::string_view what) const {
  fail({ROLLCALL_E_INVALID_ARGUMENT, std::string(what)});
  return Exit::usage;
}

void Terminal::note(std::string_view line) const {
  if (!json_) fmt::print(stderr, "{}\n", harmless(line));
}

void Terminal::progress(const client::SyncProgress& progress) {
  if (!bar_ || progress.rows_done + progress.rows_left == 0) return;
  const std::uint64_t all = progress.rows_done + progress.rows_left;
  const std::size_t full = std::min<std::size_t>(
      bar_width, progress.rows_done * bar_width / std::max<std::uint64_t>(all, 1));
  fmt::print(stderr, "\r[{}{}] {} of about {} rows, {}   ", std::string(full, '#'),
             std::string(bar_width - full, ' '), progress.rows_done, all,
             shown_bytes(progress.wire_bytes));
  std::fflush(stderr);
  drawn_ = true;
}

void Terminal::end_progress() {
  if (drawn_) fmt::print(stderr, "\r{}\r", std::string(bar_width + 50, ' '));
  drawn_ = false;
}

std::string shown_time(std::int64_t utc_ms) {
  if (utc_ms == 0) return "never";
  const std::time_t seconds = utc_ms / 1000;
  return fmt::format("{:%a %d %b %H:%M}", fmt::gmtime(seconds));
}

std::string shown_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace rollcall::captain
