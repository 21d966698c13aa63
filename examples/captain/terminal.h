#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "rollcall/rollcall.hpp"

namespace rollcall::captain {

// How a command ended; the numbers are the program's exit status.
enum class Exit : int {
  done = 0,
  failed = 1,       // refused or failed
  usage = 2,        // the command line was wrong
  unreachable = 3,  // the server did not answer; local work is kept
  waiting = 4,      // `sync` finished, but rejected, parked or conflicting writes wait for the user
};

// Results go to stdout; errors and progress to stderr. Without a terminal there is neither colour
// nor bar. Nothing that is printed here, JSON included, can command the terminal.
class Terminal {
 public:
  explicit Terminal(bool json);

  [[nodiscard]] bool json() const { return json_; }

  // One object on one line.
  void print_json(const nlohmann::json& object) const;
  void print(std::string_view line) const;
  // Aligned columns under a heading; texts are cut at the terminal's width.
  void print_table(const std::vector<std::string>& heading,
                   const std::vector<std::vector<std::string>>& rows) const;
  // One line on stderr: what happened and what to do. Gives the exit that fits the error.
  Exit fail(const client::Failure& failure) const;
  // The same for a command line that was wrong.
  Exit misused(std::string_view what) const;
  void note(std::string_view line) const;  // to stderr, unless --json

  // Redrawn in place; nothing without a terminal.
  void progress(const client::SyncProgress& progress);
  void end_progress();

 private:
  bool json_;
  bool bar_;  // stderr is a terminal
  bool drawn_ = false;
};

// "Sat 3 Nov 14:05" in UTC, or "never" for 0.
std::string shown_time(std::int64_t utc_ms);
// "1.4 MB"
std::string shown_bytes(std::uint64_t bytes);

}  // namespace rollcall::captain
