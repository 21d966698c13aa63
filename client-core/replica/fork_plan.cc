#include "client-core/replica/fork_plan.h"

#include "client-core/replica/sql_number.h"
#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> ForkPlan::create_statements() {
  return {
      "CREATE TABLE IF NOT EXISTS _fork(one INTEGER PRIMARY KEY CHECK(one = 1), common INTEGER NOT "
      "NULL, secret BLOB NOT NULL)"};
}

Result<void> ForkPlan::reload() {
  due_.reset();
  ROLLCALL_TRY_ASSIGN(Statement load, connection_->cached("SELECT common, secret FROM _fork"));
  ROLLCALL_TRY_ASSIGN(const bool found, load.step());
  if (!found) return {};
  if (load.bytes(1).size() != SecretSeed::size_bytes) {
    return failure(ErrorCode::corrupt, connection_->path() + ": the key of a fork is damaged");
  }
  due_ = Step{TxNumber(static_cast<std::uint64_t>(load.integer(0))),
              SecretSeed::from_bytes(load.bytes(1))};
  load.reset();
  return {};
}

Result<void> ForkPlan::decide(const Step& step) {
  ROLLCALL_TRY_ASSIGN(Statement save,
                      connection_->cached("INSERT OR REPLACE INTO _fork VALUES(1, ?, ?)"));
  save.bind_integer(1, whole(step.common));
  save.bind_bytes(2, step.secret.view());
  ROLLCALL_TRY(save.run());
  due_ = step;
  return {};
}

Result<void> ForkPlan::done() {
  due_.reset();
  return connection_->execute("DELETE FROM _fork");
}

}  // namespace rollcall
