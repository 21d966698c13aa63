#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"

namespace rollcall {

class Connection;

// This file is a copy, or was restored: another file goes on with its chain, which parted from this
// one after `common`. What is to be done about it, kept until it is done, so that an answer that
// was lost is asked for again with the same key.
//
//   _fork(one, common, secret): hidden from apps, for the key
class ForkPlan {
 public:
  struct Step {
    TxNumber common;    // the last transaction that both have
    SecretSeed secret;  // of the device that this file will go on as
  };

  static std::vector<std::string> create_statements();
  explicit ForkPlan(Connection& connection) : connection_(&connection) {}
  Result<void> reload();

  [[nodiscard]] const std::optional<Step>& due() const { return due_; }
  Result<void> decide(const Step& step);
  Result<void> done();

 private:
  Connection* connection_;
  std::optional<Step> due_;
};

}  // namespace rollcall
