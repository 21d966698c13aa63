// What has to go for a person's sake: Space::erase and Space::redact.
#include <algorithm>
#include <iterator>
#include <utility>

#include "server/space/erasure.h"
#include "server/space/erasure_list.h"
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
    // A simulated disk has no such file.
    if (s.doors.vfs.empty()) {
      ROLLCALL_TRY(ErasureList::add(ErasureList::path_beside(s.path), rows, s.now_ms));
    }
    ROLLCALL_TRY(ErasureTable(s.file.connection()).add(s.next, s.now_ms, reason, rows));
    // Every device compares before it reads on, and so loses what the server has no more.
    ROLLCALL_TRY(s.file.set_horizon(s.next));
    s.header.horizon = s.next;
    s.next = s.next.next();
    return {};
  };
  ROLLCALL_TRY(s.commit(work));
  ROLLCALL_TRY_ASSIGN(std::set<ErasedRow> erased, ErasureTable(s.file.connection()).all());
  s.judge->refuse_erased(std::move(erased));
  return found;
}

Result<std::vector<ErasedRow>> Space::forgotten_erasures() {
  State& s = *state_;
  std::vector<ErasedRow> forgotten;
  if (!s.doors.vfs.empty()) return forgotten;
  ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> listed,
                      ErasureList::read(ErasureList::path_beside(s.path)));
  ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> known, ErasureTable(s.file.connection()).all());
  std::set_difference(listed.begin(), listed.end(), known.begin(), known.end(),
                      std::back_inserter(forgotten));
  return forgotten;
}

Result<std::set<ErasedRow>> Space::unfinished_erasures() {
  return ErasureTable(state_->file.connection()).unfinished();
}

Result<std::size_t> Space::redact(std::span<const std::int64_t> transactions) {
  State& s = *state_;
  std::size_t changed = 0;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> erased, s.judge->erased());
    for (const std::int64_t id : transactions) {
      ROLLCALL_TRY_ASSIGN(const std::optional<LoggedTransaction> logged, s.log->find(id));
      if (!logged) return failure(ErrorCode::not_found, "no transaction has this number");
      ROLLCALL_TRY_ASSIGN(const Bytes bytes, s.log->bytes(id));
      ROLLCALL_TRY_ASSIGN(const Redacted redacted,
                          without_rows(bytes, erased, redact_of(logged->judgement)));
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
  ROLLCALL_TRY(state_->file.connection().vacuum());
  ROLLCALL_TRY(state_->file.connection().checkpoint());
  return state_->commit([this] { return ErasureTable(state_->file.connection()).finish_all(); });
}

}  // namespace rollcall
