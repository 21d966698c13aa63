#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "engine/clock/clock.h"

namespace rollcall {

// One line on a terminal that says how far something is, drawn anew now and then and wiped at the
// end. Draws nothing where there is no terminal.
class ProgressBar {
 public:
  ProgressBar(std::ostream& out, bool is_terminal, const Clock& clock, std::string what,
              std::uint64_t total);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::uint64_t done);

 private:
  std::ostream& out_;
  const bool is_terminal_;
  const Clock& clock_;
  const std::string what_;
  const std::uint64_t total_;
  const std::int64_t began_ms_;
  std::int64_t shown_ms_ = 0;
  bool drawn_ = false;
};

}  // namespace rollcall
