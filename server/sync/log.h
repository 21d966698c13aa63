#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall {

// Lines of key=value for machines and people, on stderr:
//   2026-11-03T14:05:09.120Z info event=commit space=nc transactions=12 ms=3
// Never a body, a key, a signature or a field's value. Thread-safe.
class Log {
 public:
  struct Part {
    std::string_view key;
    std::string value;
    Part(std::string_view k, std::string_view v) : key(k), value(v) {}
    Part(std::string_view k, const std::string& v) : key(k), value(v) {}
    Part(std::string_view k, const char* v) : key(k), value(v) {}
    template <std::integral T>
    Part(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
  };
  using Parts = std::initializer_list<Part>;
  enum class Level : std::uint8_t { debug, info, warn, error, off };

  explicit Log(Level least);
  ~Log();

  void debug(std::string_view event, Parts parts) { write(Level::debug, event, parts); }
  void info(std::string_view event, Parts parts) { write(Level::info, event, parts); }
  void warn(std::string_view event, Parts parts) { write(Level::warn, event, parts); }
  void error(std::string_view event, Parts parts) { write(Level::error, event, parts); }
  [[nodiscard]] bool shows(Level level) const {
    return level >= least_.load(std::memory_order_relaxed);
  }
  void show_from(Level least);

 private:
  void write(Level level, std::string_view event, Parts parts);
  struct Sink;
  std::atomic<Level> least_;
  std::unique_ptr<Sink> sink_;
};

// By number.
inline constexpr std::array<std::string_view, 5> log_level_names = {"debug", "info", "warn",
                                                                    "error", "off"};
std::optional<Log::Level> log_level(std::string_view name);

}  // namespace rollcall
