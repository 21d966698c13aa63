#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/engine/base/temp_folder.h"

namespace rollcall {

struct Ran {
  int exit = -1;
  std::string out;
  std::string err;
};

// The real program, run to its end.
Ran run_server_program(const std::vector<std::string>& arguments);

// `rollcall-server serve` as a process of its own, on a free port.
class Serving {
 public:
  explicit Serving(const std::string& folder, const std::vector<std::string>& options = {});
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  // What it has logged so far.
  [[nodiscard]] std::string log() const;
  // Waits until it has logged this word so often, or has ended, which is a failure.
  void await_logged(const std::string& word, std::size_t times) const;
  [[nodiscard]] pid_t process() const { return process_; }
  // Sends the signal and waits; the exit status, or minus the signal that ended it.
  int end(int signal);

 private:
  pid_t process_ = -1;
  std::uint16_t port_ = 0;
  std::string url_;
  const std::string log_path_;
};

// A server's folder with the organizing schema and the space "nc", and the program run on it.
class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest();

  [[nodiscard]] std::string folder() const { return temp_.file("server"); }
  [[nodiscard]] std::string file(const std::string& name) const { return temp_.file(name); }
  std::string write(const std::string& name, const std::string& content) const;
  // `words` after the command and the folder: run("invite", {"nc", "--label", "x"}).
  [[nodiscard]] Ran run(const std::string& command, std::vector<std::string> words = {}) const;
  // The same of a command of two words: run2("space", "list").
  [[nodiscard]] Ran run2(const std::string& group, const std::string& command,
                         std::vector<std::string> words = {}) const;
  // Makes a backup; its folder.
  [[nodiscard]] std::string back_up() const;
  // Standard output of a command that must succeed.
  std::string said(const std::string& command, std::vector<std::string> words = {}) const;
  [[nodiscard]] std::string exported(const std::string& collection) const {
    return said("export", {"nc", collection, "--format", "jsonl"});
  }

 private:
  TempFolder temp_;
};

}  // namespace rollcall
