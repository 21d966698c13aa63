#include "server/sync/log.h"

#include <algorithm>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace rollcall {
namespace {

spdlog::level::level_enum spdlog_level(Log::Level level) {
  switch (level) {
    case Log::Level::debug: return spdlog::level::debug;
    case Log::Level::info: return spdlog::level::info;
    case Log::Level::warn: return spdlog::level::warn;
    case Log::Level::error: return spdlog::level::err;
    case Log::Level::off: break;
  }
  return spdlog::level::off;
}

// A value with blanks, quotes or control characters is quoted, so that a line stays one line and
// nobody can forge a key.
void append_value(std::string& line, std::string_view value) {
  const bool plain =
      !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos &&
      value.find_first_of(std::string_view("\0\n\r\t\x1b", 5)) == std::string_view::npos;
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  line += '"';
}

}  // namespace

struct Log::Sink {
  spdlog::logger logger{"rollcall", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Log::Log(Level least) : least_(least), sink_(std::make_unique<Sink>()) {
  show_from(least);
  sink_->logger.flush_on(spdlog::level::info);
  sink_->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
}

Log::~Log() = default;

void Log::show_from(Level least) {
  least_.store(least, std::memory_order_relaxed);
  sink_->logger.set_level(spdlog_level(least));
}

std::optional<Log::Level> log_level(std::string_view name) {
  const auto at = std::find(log_level_names.begin(), log_level_names.end(), name);
  if (at == log_level_names.end()) return std::nullopt;
  return static_cast<Log::Level>(at - log_level_names.begin());
}

void Log::write(Level level, std::string_view event, Parts parts) {
  if (!shows(level)) return;
  std::string line = "event=";
  append_value(line, event);
  for (const Part& part : parts) {
    line += ' ';
    line += part.key;
    line += '=';
    append_value(line, part.value);
  }
  sink_->logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace rollcall
