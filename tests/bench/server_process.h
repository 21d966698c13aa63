#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace rollcall::bench {

struct ServerWishes {
  std::vector<std::string> options = {};  // of `serve`
  std::string ca_file = {};               // who vouches for its certificate; empty: it has none
};

// The real server with one space, "bench", in a folder of its own, on a free loopback port; ended
// with the object.
class ServerProcess {
 public:
  // `program`: path of rollcall-server; `schema`: folder of JSON files.
  static Result<std::unique_ptr<ServerProcess>> start(const std::string& program,
                                                      const std::string& folder,
                                                      const std::string& schema,
                                                      const ServerWishes& wishes = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // A link for a device that sees all of the benchmark's rows.
  Result<std::string> invite(const std::vector<std::string>& scopes = {"bench"}) const;
  // "<16 hex>" over the whole space.
  Result<std::string> digest() const;
  // The value of a counter of /metrics (its labelled variants added up); 0 when it is not there.
  Result<double> metric(const std::string& name) const;
  [[nodiscard]] std::uint16_t port() const;
  // Memory that it holds, in KiB.
  [[nodiscard]] Result<std::uint64_t> resident_kib() const;

 private:
  ServerProcess(std::string program, std::string folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}
  Result<std::string> run(const std::vector<std::string>& arguments) const;

  std::string program_;
  std::string folder_;
  std::string url_;
  std::string ca_file_;
  pid_t serving_ = -1;
  int output_ = -1;
};

}  // namespace rollcall::bench
