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
  return state_->erase(rows, reason, true);
}

Result<std::size_t> Space::erase_listed(std::span<const ErasedRow> rows, std::string_view reason) {
  return state_->erase(rows, reason, false);
}

Result<std::size_t> Space::State::erase(std::span<const ErasedRow> rows, std::string_view reason,
                                        bool lists) {
  std::size_t found = 0;
  const auto work = [&]() -> Result<void> {
    for (const ErasedRow& row : rows) {
      ROLLCALL_TRY_ASSIGN(const bool was_there, judge->forget_row(row.collection, row.id));
      found += was_there ? 1 : 0;
    }
    changes.keep();
    // A simulated disk has no such file.
    if (lists && doors.vfs.empty()) {
      const std::string list_path = ErasureList::path_beside(path);
      ROLLCALL_TRY_ASSIGN(ErasureList list, ErasureList::read(list_path));
      ROLLCALL_TRY(list.add(list_path, rows, now_ms));
    }
    ROLLCALL_TRY(ErasureTable(file.connection()).add(next, now_ms, reason, rows));
    // Every device compares before it reads on, and so loses what the server has no more.
    ROLLCALL_TRY(file.set_horizon(next));
    header.horizon = next;
    next = next.next();
    return {};
  };
  ROLLCALL_TRY(commit(work));
  ROLLCALL_TRY(refuse_erased());
  return found;
}

Result<void> Space::State::refuse_erased() {
  ROLLCALL_TRY_ASSIGN(std::set<ErasedRow> gone, ErasureTable(file.connection()).gone());
  judge->refuse_erased(std::move(gone));
  return {};
}

void Space::State::note_brought_back() {
  if (judge->refused_rows().empty()) return;
  for (const auto& [collection, id] : judge->inserts()) {
    if (judge->refused_rows().knows(id)) brought_back.insert(id);
  }
}

Result<void> Space::State::list_brought_back() {
  if (brought_back.empty()) return {};
  ROLLCALL_TRY(ErasureTable(file.connection()).mark_back(brought_back));
  if (!doors.vfs.empty()) return {};
  const std::string list_path = ErasureList::path_beside(path);
  ROLLCALL_TRY_ASSIGN(ErasureList list, ErasureList::read(list_path));
  return list.add_back(list_path, brought_back, now_ms);
}

Result<void> Space::State::forget_brought_back() {
  if (brought_back.empty()) return {};
  brought_back.clear();
  return refuse_erased();
}

// After what the file held of them is gone: a restored one does not know of the import.
Result<void> Space::agree_with_erasure_list() {
  State& s = *state_;
  if (!s.doors.vfs.empty()) return {};
  const std::string list_path = ErasureList::path_beside(s.path);
  ROLLCALL_TRY_ASSIGN(ErasureList list, ErasureList::read(list_path));
  ErasureTable table(s.file.connection());
  ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> gone, table.gone());
  std::set<RowId> back;
  std::vector<ErasedRow> unlisted;
  for (const ErasedRow& row : gone) {
    if (list.back().contains(row.id)) back.insert(row.id);
    if (!list.all().contains(row)) unlisted.push_back(row);
  }
  ROLLCALL_TRY(list.add(list_path, unlisted, s.server_ms()));
  if (back.empty()) return {};
  ROLLCALL_TRY(s.commit([&] { return table.mark_back(back); }));
  return s.refuse_erased();
}

Result<std::vector<ErasedRow>> Space::forgotten_erasures() {
  State& s = *state_;
  std::vector<ErasedRow> forgotten;
  if (!s.doors.vfs.empty()) return forgotten;
  ROLLCALL_TRY_ASSIGN(const ErasureList list, ErasureList::read(ErasureList::path_beside(s.path)));
  ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> known, ErasureTable(s.file.connection()).all());
  std::set_difference(list.all().begin(), list.all().end(), known.begin(), known.end(),
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
    ROLLCALL_TRY_ASSIGN(const std::set<ErasedRow> erased, ErasureTable(s.file.connection()).gone());
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

Result<Sequence> Space::last_erasure() { return ErasureTable(state_->file.connection()).last(); }

Result<void> Space::scrub(Sequence through) {
  ROLLCALL_TRY(state_->file.connection().vacuum());
  ROLLCALL_TRY(state_->file.connection().checkpoint());
  return state_->commit(
      [&] { return ErasureTable(state_->file.connection()).finish_through(through); });
}

}  // namespace rollcall
