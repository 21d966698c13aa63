#include "server/commands/progress_bar.h"

#include <algorithm>

#include <fmt/format.h>

#include "server/commands/limits.h"

namespace rollcall {
namespace {

constexpr std::size_t width = 30;

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, bool is_terminal, const Clock& clock, std::string what,
                         std::uint64_t total)
    : out_(out),
      is_terminal_(is_terminal),
      clock_(clock),
      what_(std::move(what)),
      total_(total),
      began_ms_(clock.steady_ms()) {}

ProgressBar::~ProgressBar() {
  if (drawn_) out_ << "\r\x1b[K" << std::flush;
}

void ProgressBar::show(std::uint64_t done) {
  const std::int64_t now = clock_.steady_ms();
  if (!is_terminal_ || (drawn_ && now - shown_ms_ < progress_ms)) return;
  shown_ms_ = now;
  drawn_ = true;
  const double part =
      total_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
  const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
  const double seconds = std::max(0.001, static_cast<double>(now - began_ms_) / 1000.0);
  out_ << fmt::format("\r\x1b[K{} [{:<{}}] {:3.0f} %  {} of {}, {:.0f} a second", what_,
                      std::string(full, '#'), width, part * 100, done, total_,
                      static_cast<double>(done) / seconds)
       << std::flush;
}

}  // namespace rollcall
