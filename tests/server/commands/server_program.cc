#include "tests/server/commands/server_program.h"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace rollcall {
namespace {

constexpr const char* program = ROLLCALL_SERVER_PROGRAM;

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

pid_t start(const std::vector<std::string>& arguments, int out, int err) {
  std::vector<char*> words{const_cast<char*>(program)};
  for (const std::string& one : arguments) words.push_back(const_cast<char*>(one.c_str()));
  words.push_back(nullptr);
  const pid_t process = ::fork();
  if (process == 0) {
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execv(program, words.data());
    ::_exit(127);
  }
  return process;
}

int wait_for(pid_t process) {
  int status = 0;
  EXPECT_EQ(::waitpid(process, &status, 0), process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

Ran run_server_program(const std::vector<std::string>& arguments) {
  const TempFolder temp;
  const int out = ::open(temp.file("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int err = ::open(temp.file("err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  Ran ran;
  ran.exit = wait_for(start(arguments, out, err));
  ::close(out);
  ::close(err);
  ran.out = content_of(temp.file("out"));
  ran.err = content_of(temp.file("err"));
  return ran;
}

Serving::Serving(const std::string& folder, const std::vector<std::string>& options)
    : log_path_(folder + "/../serve.log") {
  int pipe[2];
  EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  const int log = ::open(log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  std::vector<std::string> words{"serve", folder, "--listen", "127.0.0.1:0"};
  words.insert(words.end(), options.begin(), options.end());
  process_ = start(words, pipe[1], log);
  ::close(pipe[1]);
  ::close(log);
  std::string line;
  char c = 0;
  while (::read(pipe[0], &c, 1) == 1 && c != '\n') line.push_back(c);
  ::close(pipe[0]);
  const std::string begin = "listening on ";
  const std::size_t colon = line.rfind("://127.0.0.1:");
  if (line.rfind(begin, 0) != 0 || colon == std::string::npos) {
    ADD_FAILURE() << "it does not listen: " << line << "\n" << this->log();
    return;
  }
  url_ = line.substr(begin.size());
  port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
}

std::string Serving::log() const { return content_of(log_path_); }

void Serving::await_logged(const std::string& word, std::size_t times) const {
  for (;;) {
    const std::string told = log();
    std::size_t found = 0;
    for (std::size_t at = told.find(word); at != std::string::npos; at = told.find(word, at + 1)) {
      ++found;
    }
    if (found >= times) return;
    ASSERT_EQ(::waitpid(process_, nullptr, WNOHANG), 0) << told;
  }
}

Serving::~Serving() {
  if (process_ > 0) end(SIGKILL);
}

int Serving::end(int signal) {
  ::kill(process_, signal);
  return wait_for(std::exchange(process_, -1));
}

CommandsTest::CommandsTest() {
  const Ran init = run_server_program({"init", folder(), "--schema", "schema/organizing"});
  EXPECT_EQ(init.exit, 0) << init.err;
  EXPECT_EQ(run2("space", "add", {"nc", "--name", "North Carolina"}).exit, 0);
}

std::string CommandsTest::write(const std::string& name, const std::string& content) const {
  std::ofstream(file(name), std::ios::binary) << content;
  return file(name);
}

Ran CommandsTest::run(const std::string& command, std::vector<std::string> words) const {
  words.insert(words.begin(), {command, folder()});
  return run_server_program(words);
}

Ran CommandsTest::run2(const std::string& group, const std::string& command,
                       std::vector<std::string> words) const {
  words.insert(words.begin(), {group, command, folder()});
  return run_server_program(words);
}

std::string CommandsTest::back_up() const {
  const std::string told = said("backup", {"--to", file("backups")});
  return told.substr(0, told.find(": "));
}

std::string CommandsTest::said(const std::string& command, std::vector<std::string> words) const {
  const Ran ran = run(command, std::move(words));
  EXPECT_EQ(ran.exit, 0) << ran.err;
  return ran.out;
}

}  // namespace rollcall
