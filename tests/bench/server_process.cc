#include "tests/bench/server_process.h"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "client-core/sync/curl_transport.h"
#include "tests/bench/stopwatch.h"

namespace rollcall::bench {
namespace {

constexpr int metrics_timeout_ms = 5'000;

struct Child {
  pid_t pid = -1;
  int output = -1;
};

// Standard output comes back by a pipe; errors and logs go to `log`.
Result<Child> spawn(const std::vector<std::string>& command, const std::string& log) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return failure(ErrorCode::io, "no pipe");
  const pid_t pid = fork();
  if (pid < 0) return failure(ErrorCode::io, "no process");
  if (pid == 0) {
    const int errors = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(ends[1], STDOUT_FILENO);
    if (errors >= 0) dup2(errors, STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::vector<char*> arguments;
    for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  return Child{pid, ends[0]};
}

std::string read_line(int from) {
  std::string line;
  char c = 0;
  while (read(from, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

}  // namespace

Result<std::string> ServerProcess::run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{program_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  ROLLCALL_TRY_ASSIGN(const Child child, spawn(command, folder_ + ".log"));
  std::string output;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(child.output, buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(child.output);
  int status = 0;
  waitpid(child.pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return failure(ErrorCode::internal, fmt::format("{} {} failed", program_, arguments[0]));
  }
  return output;
}

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const std::string& program,
                                                            const std::string& folder,
                                                            const std::string& schema,
                                                            const ServerWishes& wishes) {
  std::unique_ptr<ServerProcess> server(new ServerProcess(program, folder));
  ROLLCALL_TRY(server->run({"init", folder, "--schema", schema}));
  ROLLCALL_TRY(server->run({"space", "add", folder, "bench", "--name", "Benchmark"}));
  server->ca_file_ = wishes.ca_file;
  std::vector<std::string> command{program, "serve", folder, "--listen", "127.0.0.1:0"};
  command.insert(command.end(), wishes.options.begin(), wishes.options.end());
  ROLLCALL_TRY_ASSIGN(const Child child, spawn(command, folder + ".log"));
  server->serving_ = child.pid;
  server->output_ = child.output;
  for (;;) {
    const std::string line = read_line(child.output);
    if (line.empty()) return failure(ErrorCode::internal, "the server ended before it listened");
    const std::size_t at = line.find("http");
    if (at == std::string::npos) continue;
    server->url_ = line.substr(at, line.find_first_of(" \"", at) - at);
    return server;
  }
}

ServerProcess::~ServerProcess() {
  if (serving_ > 0) {
    kill(serving_, SIGTERM);
    waitpid(serving_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
}

Result<std::string> ServerProcess::invite(const std::vector<std::string>& scopes) const {
  std::vector<std::string> arguments = {"invite", folder_, "bench", "--label", "bench", "--json"};
  for (const std::string& scope : scopes) {
    arguments.push_back("--scope");
    arguments.push_back(scope);
  }
  ROLLCALL_TRY_ASSIGN(const std::string output, run(arguments));
  const auto json = nlohmann::json::parse(output, nullptr, false);
  if (!json.is_object()) return failure(ErrorCode::internal, "invite printed no JSON");
  // The server may be asked under any port: the link carries its public address.
  std::string link = json.value("link", "");
  const std::size_t folder = link.find("/enroll#");
  if (folder == std::string::npos) return failure(ErrorCode::internal, "invite printed no link");
  return url_ + link.substr(folder);
}

Result<std::string> ServerProcess::digest() const {
  ROLLCALL_TRY_ASSIGN(const std::string output, run({"digest", folder_, "bench", "--json"}));
  const auto json = nlohmann::json::parse(output, nullptr, false);
  return json.is_object() ? json.value("digest", "") : "";
}

Result<double> ServerProcess::metric(const std::string& name) const {
  CurlTransport transport(ca_file_);
  HttpRequest request;
  request.id = 1;
  request.method = "GET";
  request.url = url_ + "/metrics";
  transport.begin(std::move(request));
  std::vector<HttpResponse> responses;
  const Stopwatch watch;
  while (responses.empty() && watch.seconds() * 1000 < metrics_timeout_ms) {
    responses = transport.poll(metrics_timeout_ms);
  }
  if (responses.size() != 1 || responses[0].status != 200) {
    return failure(ErrorCode::unreachable, "/metrics does not answer");
  }
  double sum = 0;
  std::string_view text = responses[0].body;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t name_end = line.find_first_of(" {");
    if (line.substr(0, name_end) == name)
      sum += std::stod(std::string(line.substr(line.rfind(' '))));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return sum;
}

std::uint16_t ServerProcess::port() const {
  return static_cast<std::uint16_t>(std::stoul(url_.substr(url_.rfind(':') + 1)));
}

Result<std::uint64_t> ServerProcess::resident_kib() const {
  std::ifstream status(fmt::format("/proc/{}/status", serving_));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoull(line.substr(6));
  }
  return failure(ErrorCode::internal, "the server's memory cannot be read");
}

}  // namespace rollcall::bench
