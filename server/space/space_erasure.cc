// What has to go for a person's sake: Space::erase and Space::redact.
#include <utility>

#include "server/space/erasure.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {

Result<std::size_t> Space::erase(std::span<const ErasedRow> rows, std::string_view reason) {
  State& s = *state_;
  std::size_t found = 0;
  const auto work = [&]() -> Result<void> {
    for (const ErasedRow& row : rows) {
      ROLLCALL_TRY_ASSIGN(const bool was_there, s.judge->forget_row(row.collection, row.id));
      found += was_there ? 1 : 0;
    }
    s.changes.keep();
    ROLLCALL_TRY(ErasureTable(s.file.connection()).add(s.next, s.now_ms, reason, rows));
    // Every device compares before it reads on, and so loses what the server has no more.
    ROLLCALL_TRY(s.file.set_horizon(s.next));
    s.header.horizon = s.next;
    s.next = s.next.next();
    return {};
  };
  ROLLCALL_TRY(s.commit(work));
  return found;
}

Result<std::size_t> Space::redact(std::span<const std::int64_t> transactions) {
  State& s = *state_;
  std::size_t changed = 0;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> erased, ErasureTable(s.file.connection()).all());
    for (const std::int64_t id : transactions) {
      ROLLCALL_TRY_ASSIGN(const Bytes bytes, s.log->bytes(id));
      ROLLCALL_TRY_ASSIGN(const Redacted redacted, without_rows(bytes, erased));
      if (!redacted.changed) continue;
      ROLLCALL_TRY(s.log->redact(id, redacted.bytes));
      ++changed;
    }
    return {};
  };
  ROLLCALL_TRY(s.commit(work));
  return changed;
}

Result<void> Space::scrub() {
  Connection& connection = state_->file.connection();
  ROLLCALL_TRY(connection.execute("VACUUM"));
  return connection.checkpoint();
}

}  // namespace rollcall
