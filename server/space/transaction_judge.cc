#include "server/space/transaction_judge.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/codec/row_extra.h"
#include "engine/merge/clamp.h"
#include "engine/model/check_value.h"
#include "engine/model/limits.h"
#include "engine/model/path.h"
#include "engine/storage/transaction.h"
#include "server/space/limits.h"

namespace rollcall {
namespace {

constexpr FieldId deleted_field_id{};

// True for a field that a plain cell says in full when a row is made.
bool has_plain_cell(const FieldDef& def) { return def.rule != MergeRule::set; }

}  // namespace

Result<void> TransactionJudge::open_tables(const Schema& schema, SpaceRoles& roles) {
  tables_.clear();
  schema_ = &schema;
  roles_ = &roles;
  writer_.choose_roles(roles);
  for (const CollectionDef& collection : schema.collections) {
    ROLLCALL_TRY_ASSIGN(ServerTable rows, ServerTable::open(*connection_, collection));
    Table table{std::move(rows), std::vector<std::uint8_t>(collection.fields.size()), {}};
    const auto mark = [&](FieldId field) {
      if (const auto position = collection.position(field)) table.makes_path[*position] = 1;
    };
    for (const PathTemplate& shape : collection.paths) {
      for (const PathTemplate::Part& part : shape.parts) {
        if (part.field) mark(*part.field);
      }
      if (shape.when_field) mark(*shape.when_field);
    }
    for (std::size_t i = 0; i < collection.fields.size(); ++i) {
      if (collection.fields[i].required) table.required.push_back(static_cast<std::uint16_t>(i));
    }
    tables_.emplace(collection.id, std::move(table));
  }
  return {};
}

bool TransactionJudge::refuse(VerdictKind kind, ErrorCode code, std::string reason,
                              CollectionId collection, FieldId field) {
  Judgement& judgement = judged_.judgement;
  judgement.kind = kind;
  judgement.code = code;
  judgement.reason = std::move(reason);
  judgement.collection = collection;
  judgement.field = field;
  return false;
}

bool TransactionJudge::refuse(const Error& error, CollectionId collection, FieldId field) {
  return refuse(VerdictKind::rejected, error.code, error.message, collection, field);
}

Result<JudgedTransaction> TransactionJudge::judge(const TransactionCase& which) {
  case_ = &which;
  judged_ = JudgedTransaction{};
  merged_ = false;
  plans_.clear();
  references_.clear();
  has_guarded_ = false;
  Stamp made{0, which.device->record.number};
  Stamp seen;

  auto opened = reader_.open(which.bytes);
  if (opened) {
    made = reader_.head().stamp;
    made.device = which.device->record.number;
  }
  read_cursor(which, opened.has_value());
  authority_.emplace(*which.device, roles_->book(),
                     past_roles_ != nullptr ? past_roles_->at(judged_.cursor) : nullptr,
                     judged_.cursor, which.approved);
  bool accepted =
      opened ? check_head(which) && plan_sections() && check_standing(which)
             : refuse(VerdictKind::rejected, ErrorCode::bad_transaction, opened.error().message);
  if (accepted && !erased_.empty()) accepted = check_erased();
  if (accepted) {
    ROLLCALL_TRY_ASSIGN(accepted, look_at_bases(seen));
  }

  Judgement& judgement = judged_.judgement;
  const auto stamp = [&](const Stamp& seen_base) {
    judgement.accepted = which.accepted.value_or(clamp_stamp(
        made, {judged_.cursor_ms, which.device->record.last_accepted, seen_base, which.server_ms}));
    judgement.clamped = judgement.accepted != made;
  };
  stamp(seen);
  if (accepted) {
    ROLLCALL_TRY_ASSIGN(accepted, apply_rows());
  }
  // Whether what it names still is as it says must not show in the answer to a refused write.
  if (!accepted) stamp(Stamp{});
  if (accepted) {
    judgement.kind = merged_ ? VerdictKind::merged : VerdictKind::applied;
    judgement.sequence = which.sequence;
    changes_->keep();
  } else {
    changes_->drop();
  }
  return judged_;
}

std::vector<std::pair<CollectionId, RowId>> TransactionJudge::inserts() const {
  std::vector<std::pair<CollectionId, RowId>> rows;
  const auto sections = reader_.page().sections();
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].kind != RowKind::insert) continue;
    for (const RowId& id : reader_.page().ids(i)) rows.emplace_back(sections[i].collection, id);
  }
  return rows;
}

// What its author had read; never less than with the device's transaction before. A cursor that
// does not open, or is of another epoch, counts as none.
void TransactionJudge::read_cursor(const TransactionCase& which, bool has_head) {
  judged_.cursor = std::max(which.device->enrolled, which.device->cursor);
  judged_.cursor_ms = std::max(which.device->record.enrolled_ms, which.device->cursor_ms);
  if (!has_head) return;
  const BytesView sealed = reader_.head().cursor;
  if (sealed.empty()) return;
  if (which.restored) {
    const auto opened = sealer_->open_cursor(sealed);
    if (!opened || opened->epoch != which.restored->epoch) return;
    judged_.cursor = std::max(judged_.cursor, std::min(opened->sequence, which.restored->head));
    judged_.cursor_ms = std::max(judged_.cursor_ms, opened->commit_ms);
    return;
  }
  if (!last_opened_ || sealed != last_cursor_) {
    last_opened_.reset();
    auto opened = sealer_->open_cursor(sealed);
    if (!opened || opened->epoch != which.epoch) return;
    last_cursor_ = sealed;
    last_opened_ = std::move(*opened);
  }
  if (last_opened_->epoch != which.epoch || last_opened_->sequence >= which.sequence) return;
  judged_.cursor = std::max(judged_.cursor, last_opened_->sequence);
  judged_.cursor_ms = std::max(judged_.cursor_ms, last_opened_->commit_ms);
}

bool TransactionJudge::check_head(const TransactionCase& which) {
  const TransactionHead& head = reader_.head();
  if (head.number != which.number) {
    return refuse(VerdictKind::rejected, ErrorCode::bad_transaction,
                  "the transaction calls itself number " + std::to_string(head.number.value));
  }
  if (head.stamp.device != which.device->record.number) {
    return refuse(VerdictKind::rejected, ErrorCode::wrong_device,
                  "the transaction's stamp names another device");
  }
  return true;
}

// The transaction itself may be of before the revocation: the device's clock is no proof of that.
bool TransactionJudge::check_standing(const TransactionCase& which) {
  if (!which.device->record.is_revoked() || which.approved) return true;
  return refuse(VerdictKind::parked, ErrorCode::device_revoked,
                "this device was revoked; somebody has to decide");
}

bool TransactionJudge::check_erased() {
  if (case_->device->record.local) return true;
  reader_.rewind();
  for (SectionRow from; reader_.next(from);) {
    const auto may_name = [&](const ValueView& cell) {
      return cell.kind == ValueKind::bytes && cell.bytes.size() == RowId::size_bytes &&
             erased_.knows(RowId::from_bytes(cell.bytes));
    };
    if (from.extra.empty() && !erased_.knows(from.id) &&
        std::none_of(from.cells.begin(), from.cells.end(), may_name)) {
      continue;
    }
    read_write(from);
    if (!erased_.concern(write_)) continue;
    return refuse(VerdictKind::rejected, ErrorCode::erased, std::string(erased_reason),
                  from.section->collection);
  }
  return true;
}

bool TransactionJudge::plan_sections() {
  const auto sections = reader_.page().sections();
  plans_.resize(sections.size());
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (!plan_section(sections[i], plans_[i])) return false;
  }
  return true;
}

bool TransactionJudge::plan_section(const Section& section, SectionPlan& plan) {
  const auto found = tables_.find(section.collection);
  if (found == tables_.end()) {
    return refuse(VerdictKind::parked, ErrorCode::unknown_collection,
                  "this server's schema does not have the collection yet", section.collection);
  }
  plan.table = &found->second;
  const CollectionDef& collection = plan.table->rows.collection();
  plan.positions.clear();
  plan.guarded.clear();
  plan.plain = section.kind == RowKind::insert;
  plan.moves = false;
  for (const FieldId field : section.fields) {
    const auto position = collection.position(field);
    if (!position) {
      return refuse(VerdictKind::parked, ErrorCode::unknown_field,
                    "this server's schema does not have the field yet", collection.id, field);
    }
    const CollectionId named = collection.fields[*position].guarded;
    if (named.value != 0 && !authority_->is_free()) {
      plan.guarded.emplace_back(static_cast<std::uint16_t>(plan.positions.size()), named);
      has_guarded_ = true;
    }
    plan.positions.push_back(static_cast<std::uint16_t>(*position));
    plan.plain = plan.plain && has_plain_cell(collection.fields[*position]);
    plan.moves = plan.moves || plan.table->makes_path[*position] != 0;
  }
  plan.wish = authority_->wish(collection.id, section.kind == RowKind::insert, section.fields);
  if (section.kind == RowKind::update) {
    if (!collection.append_only) return true;
    return refuse(VerdictKind::rejected, ErrorCode::append_only,
                  "rows of " + collection.name + " are added, never changed; add a correction",
                  collection.id);
  }
  if (plan.positions.empty() || plan.positions.front() != 0) {
    return refuse(VerdictKind::rejected, ErrorCode::bad_transaction,
                  "an insert says that its row is not deleted", collection.id);
  }
  for (const std::uint16_t position : plan.table->required) {
    if (std::binary_search(plan.positions.begin(), plan.positions.end(), position)) continue;
    const FieldDef& field = collection.fields[position];
    return refuse(VerdictKind::rejected, ErrorCode::bad_value,
                  collection.name + "." + field.name + " is required", collection.id, field.id);
  }
  return true;
}

// The accepted stamp must lie above every base that its author saw and that still stands: rows that
// are to be merged are looked at before any is written.
Result<bool> TransactionJudge::look_at_bases(Stamp& seen) {
  for (LoadedRow& row : loaded_) row.looked_up = false;  // of the transaction before
  alone_.looked_up = false;
  const auto sections = reader_.page().sections();
  const bool any = std::any_of(sections.begin(), sections.end(),
                               [](const Section& section) { return section.has_stamps; });
  if (!any) return true;
  reader_.rewind();
  std::size_t place = 0;
  for (SectionRow from; reader_.next(from); ++place) {
    if (from.stamps.empty()) continue;
    const auto section = static_cast<std::size_t>(from.section - sections.data());
    Table& table = *plans_[section].table;
    ROLLCALL_TRY_ASSIGN(LoadedRow * loaded, load(table.rows, from.id, place));
    if (!loaded->found) continue;
    read_write(from);
    seen = std::max(seen, seen_base(table.rows.collection(), loaded->row.state, write_));
  }
  return true;
}

Result<bool> TransactionJudge::apply_rows() {
  reader_.rewind();
  writer_.begin(case_->sequence, judged_.judgement.accepted);
  std::optional<Savepoint> savepoint;
  if (reader_.page().rows() > 1 || has_guarded_) {
    ROLLCALL_TRY_ASSIGN(Savepoint begun, Savepoint::begin(*connection_));
    savepoint.emplace(std::move(begun));
  }
  const auto sections = reader_.page().sections();
  const Section* section = nullptr;
  std::size_t place = 0;
  bool accepted = true;
  for (SectionRow from; reader_.next(from); ++place) {
    ROLLCALL_CHECK(from.section != nullptr);
    const SectionPlan& plan = plans_[static_cast<std::size_t>(from.section - sections.data())];
    if (from.section != section) {
      section = from.section;
      if (plan.plain) writer_.choose_plain(plan.table->rows, section->fields);
    }
    ROLLCALL_TRY_ASSIGN(accepted, apply_row(from, plan, place));
    if (!accepted) break;
    if (!plan.guarded.empty()) note_references(from, plan);
  }
  // Afterwards: a transaction may name the rows that it adds.
  if (accepted && !references_.empty()) {
    ROLLCALL_TRY_ASSIGN(accepted, check_references());
  }
  if (!savepoint) return accepted;
  if (accepted) {
    ROLLCALL_TRY(savepoint->release());
    return true;
  }
  savepoint->rollback();
  for (const std::int64_t path : writer_.made_paths()) paths_->forget(path);
  if (!writer_.made_paths().empty()) changes_->forget_numbers();
  return false;
}

Result<bool> TransactionJudge::apply_row(const SectionRow& from, const SectionPlan& plan,
                                         std::size_t place) {
  ServerTable& table = plan.table->rows;
  const CollectionDef& collection = table.collection();
  const bool is_insert = from.section->kind == RowKind::insert;
  if (plan.plain && from.extra.empty() && from.stamps.empty()) {
    if (!check_cells(from, plan)) return false;
    const auto cell = [&](std::size_t position) {
      const auto at = std::lower_bound(plan.positions.begin(), plan.positions.end(), position);
      if (at == plan.positions.end() || *at != position) return ValueView::null();
      return from.cells[static_cast<std::size_t>(at - plan.positions.begin())];
    };
    if (auto made = row_paths(collection, from.id, cell, row_paths_); !made) {
      return refuse(made.error(), collection.id);
    }
    if (!may_write(plan.wish, collection, true)) return false;
    ROLLCALL_TRY_ASSIGN(const bool inserted,
                        writer_.insert_plain(table, from.id, from.cells, row_paths_));
    if (inserted) return true;
  }

  read_write(from);
  if (!check_write(collection, plan)) return false;
  const std::uint64_t reads_before = paths_->reads();
  ROLLCALL_TRY_ASSIGN(LoadedRow * loaded, load(table, from.id, place));
  if (!loaded->found) {
    if (!is_insert) return unknown_row(collection, from.id, reads_before);
    ServerRow& row = loaded->row;
    row.id = from.id;
    row.place = ServerPlace{};
    row.sequences.clear();
    row.paths.clear();
    row.state.fields.clear();
  } else {
    ROLLCALL_TRY_ASSIGN(const bool seen, may_see(*loaded, collection));
    if (!seen) return false;
    if (!may_touch(*loaded, plan)) return false;
    if (collection.append_only) {
      const bool reads = authority_->reads(collection.id, present_, write_);
      if (reads && is_same(collection, loaded->row.state)) return true;
      return refuse(VerdictKind::rejected, ErrorCode::append_only,
                    "the row of " + collection.name + " is there already and says something else",
                    collection.id);
    }
  }
  return apply_merged(plan, *loaded);
}

Result<bool> TransactionJudge::apply_merged(const SectionPlan& plan, LoadedRow& loaded) {
  ServerTable& table = plan.table->rows;
  const CollectionDef& collection = table.collection();
  ServerRow& row = loaded.row;
  const bool moves = plan.moves || !loaded.found;
  ROLLCALL_TRY(writer_.look_before(table, row, loaded.found, write_, moves));
  merge_row(collection, row.state, write_, judged_.judgement.accepted,
            {.may_open_generation = !loaded.found || may_undo_,
             .own = this,
             .sequences = row.sequences,
             .cursor = judged_.cursor},
            effect_);
  if (!check_set_sizes(collection, row.state)) return false;
  merged_ = merged_ || effect_.merged || hides_unseen(row);
  if (moves) {
    auto made = row_paths(collection, row.id, row.state);
    if (!made) return refuse(made.error(), collection.id);
    row_paths_ = std::move(*made);
    // What meets a row and overwrites nothing moves nothing.
    const bool overwrites = loaded.found && write_.insert;
    const bool moves_something = !overwrites || !overwritten_.empty();
    const Authority::Wish& wish = overwrites ? overwrite_ : plan.wish;
    if (moves_something && !may_write(wish, collection, !loaded.found)) return false;
  }
  if (!effect_.stored) return true;
  ROLLCALL_TRY(writer_.write(table, row, loaded.found, effect_, moves ? &row_paths_ : nullptr));
  return true;
}

// True when a field that the transaction changed had been changed by somebody else after its
// author's cursor. Then what stands is not what the author replays, though no value was in the way
// (a counter, a set, a loser that was closed); and since the field's sequence is now this
// transaction's, nothing else would tell: it must not come back as an echo, nor must what is built
// on it.
bool TransactionJudge::hides_unseen(const ServerRow& row) const {
  if (case_->device->record.local) return false;  // an import never reads
  const std::vector<std::uint64_t>& own = case_->device->applied;
  return std::any_of(effect_.changed.begin(), effect_.changed.end(), [&](std::uint16_t position) {
    if (position >= row.sequences.size() || row.sequences[position] <= judged_.cursor) return false;
    return !std::binary_search(own.begin(), own.end(), row.sequences[position].value);
  });
}

bool TransactionJudge::check_cells(const SectionRow& from, const SectionPlan& plan) {
  const CollectionDef& collection = plan.table->rows.collection();
  if (from.cells[0] != ValueView::of_boolean(false)) {
    return refuse(VerdictKind::rejected, ErrorCode::bad_transaction,
                  "an insert says that its row is not deleted", collection.id, deleted_field_id);
  }
  for (std::size_t i = 1; i < from.cells.size(); ++i) {
    const FieldDef& def = collection.fields[plan.positions[i]];
    if (auto fits = check_value(def, from.cells[i]); !fits) {
      return refuse(fits.error(), collection.id, def.id);
    }
  }
  if (collection.derived_from.empty()) return true;
  read_write(from);
  return check_id(collection);
}

bool TransactionJudge::check_write(const CollectionDef& collection, const SectionPlan& plan) {
  for (std::size_t i = 0; i < write_.fields.size(); ++i) {
    const FieldDef& def = collection.fields[plan.positions[i]];
    if (!check_field(collection, def, write_.fields[i])) return false;
  }
  if (!write_.insert) return true;
  const FieldWrite& deleted = write_.fields.front();
  if (!deleted.has_value || deleted.value != ValueView::of_boolean(false)) {
    return refuse(VerdictKind::rejected, ErrorCode::bad_transaction,
                  "an insert says that its row is not deleted", collection.id, deleted_field_id);
  }
  for (const FieldWrite& field : write_.fields) {
    const FieldDef& def =
        *std::find_if(collection.fields.begin(), collection.fields.end(),
                      [&](const FieldDef& candidate) { return candidate.id == field.field; });
    if (!def.required) continue;
    const bool given = def.rule == MergeRule::set ? !field.adds.empty() : field.has_value;
    if (given) continue;
    return refuse(VerdictKind::rejected, ErrorCode::bad_value,
                  collection.name + "." + def.name + " is required", collection.id, def.id);
  }
  return collection.derived_from.empty() || check_id(collection);
}

bool TransactionJudge::check_field(const CollectionDef& collection, const FieldDef& def,
                                   const FieldWrite& write) {
  const auto bad = [&](std::string_view why) {
    return refuse(VerdictKind::rejected, ErrorCode::bad_value,
                  collection.name + "." + def.name + " " + std::string(why), collection.id, def.id);
  };
  const auto fits = [&](ValueView value) {
    auto checked = check_value(def, value);
    return checked ? true : refuse(checked.error(), collection.id, def.id);
  };
  if (write.closes.size() > open_losers_max) return bad("decides more losers than can be open");
  if (def.rule != MergeRule::set) {
    if (!write.adds.empty() || !write.removes.empty()) return bad("is not a set");
    if (write.generation != 0 && def.rule != MergeRule::first && def.rule != MergeRule::ladder) {
      return bad("has no generations");
    }
    if (def.id == deleted_field_id && write.value.is_null()) return bad("is true or false");
    return !write.has_value || fits(write.value);
  }
  if (write.has_value && !write.value.is_null()) return bad("is a set: it has elements, no value");
  if (write.adds.size() > def.elements_max) return bad("has too many elements");
  if (write.removes.size() > set_elements_max) return bad("removes too many elements");
  for (const Value& element : write.adds) {
    if (!fits(element)) return false;
  }
  for (const SetRemoval& removal : write.removes) {
    if (!fits(removal.element)) return false;
  }
  return true;
}

// Of write_, an insert: the id must be the one that its fields give.
bool TransactionJudge::check_id(const CollectionDef& collection) {
  id_values_.clear();
  for (const FieldId field : collection.derived_from) {
    const auto write =
        std::find_if(write_.fields.begin(), write_.fields.end(),
                     [&](const FieldWrite& candidate) { return candidate.field == field; });
    id_values_.push_back(write == write_.fields.end() ? ValueView::null() : write->value);
  }
  if (derive_row_id(collection, id_values_) == write_.id) return true;
  return refuse(VerdictKind::rejected, ErrorCode::wrong_id,
                "the id of a row of " + collection.name + " is made of its fields, and is another",
                collection.id);
}

bool TransactionJudge::check_set_sizes(const CollectionDef& collection, const RowState& row) {
  for (const FieldWrite& write : write_.fields) {
    if (write.adds.empty()) continue;
    const std::size_t position = *collection.position(write.field);
    const FieldDef& def = collection.fields[position];
    if (row.fields[position].elements.size() <= def.elements_max) continue;
    return refuse(VerdictKind::rejected, ErrorCode::too_long,
                  collection.name + "." + def.name + " would have more than " +
                      std::to_string(def.elements_max) + " elements",
                  collection.id, def.id);
  }
  return true;
}

bool TransactionJudge::refuse(const Authority::Ruling& ruling, const CollectionDef& collection) {
  if (ruling.standing == Authority::Standing::lost) {
    return refuse(
        VerdictKind::parked, ErrorCode::grant_lost,
        "the grant or the role's right that allowed this has ended; somebody has to decide",
        collection.id, ruling.field);
  }
  const auto position = collection.position(ruling.field);
  std::string what = collection.name;
  if (position && ruling.field != deleted_field_id) {
    what += "." + collection.fields[*position].name;
  }
  return refuse(VerdictKind::rejected, ErrorCode::not_allowed,
                what + ": no grant of this device allows to write it there", collection.id,
                ruling.field);
}

// Where the row will lie: at row_paths_.
bool TransactionJudge::may_write(const Authority::Wish& wish, const CollectionDef& collection,
                                 bool is_new) {
  if (row_paths_.empty()) {
    return refuse(VerdictKind::rejected, ErrorCode::bad_value,
                  "the row of " + collection.name + " would lie on no path: nobody could see it",
                  collection.id);
  }
  const Authority::Ruling ruling = authority_->over(wish, row_paths_, is_new);
  return ruling.standing == Authority::Standing::allowed || refuse(ruling, collection);
}

// Sets present_: where the row lies now, or also where it lay at the author's cursor.
Result<void> TransactionJudge::look_at_paths(const ServerRow& row, bool also_left) {
  present_.clear();
  for (const PathEntry& entry : row.paths) {
    if (entry.left.value != 0 && (!also_left || entry.left <= judged_.cursor)) continue;
    ROLLCALL_TRY_ASSIGN(const std::string_view path, paths_->path(entry.path));
    present_.push_back(path);
  }
  return {};
}

// Whether the author sees the row now (allowed), or could see it when it last read (lost). Leaves
// present_ where it lies now.
Result<Authority::Standing> TransactionJudge::sight(const ServerRow& row, CollectionId collection) {
  ROLLCALL_TRY(look_at_paths(row, true));
  const Authority::Standing before = authority_->sees(collection, present_);
  ROLLCALL_TRY(look_at_paths(row, false));
  const Authority::Standing now = authority_->sees(collection, present_);
  if (now == Authority::Standing::denied && before != now) return Authority::Standing::lost;
  return now;
}

// A row that its author never could see is answered like one that does not exist.
Result<bool> TransactionJudge::may_see(const LoadedRow& loaded, const CollectionDef& collection) {
  const std::uint64_t reads_before = paths_->reads();
  ROLLCALL_TRY_ASSIGN(const Authority::Standing seen, sight(loaded.row, collection.id));
  if (seen == Authority::Standing::allowed) return true;
  if (seen == Authority::Standing::lost) {
    return refuse(VerdictKind::parked, ErrorCode::grant_lost,
                  "the row is out of this device's scopes by now; somebody has to decide",
                  collection.id);
  }
  if (!write_.insert) return unknown_row(collection, loaded.row.id, reads_before);
  return refuse(VerdictKind::rejected, ErrorCode::not_allowed,
                "no grant of this device covers the row of " + collection.name, collection.id);
}

// Whether the author may write these fields where the row lies now, at present_: asked before what
// the row holds, which the answer must not tell.
bool TransactionJudge::may_touch(const LoadedRow& loaded, const SectionPlan& plan) {
  const CollectionDef& collection = plan.table->rows.collection();
  may_undo_ = authority_->may_undo(collection.id, present_);
  const Authority::Ruling ruling = authority_->over(plan.wish, present_, false);
  if (ruling.standing != Authority::Standing::allowed) return refuse(ruling, collection);
  if (!write_.insert || collection.append_only) return true;
  note_overwritten(collection, loaded.row.state);
  overwrite_ = authority_->wish(collection.id, false, overwritten_);
  if (overwritten_.empty()) return true;
  const Authority::Ruling over = authority_->over(overwrite_, present_, false);
  return over.standing == Authority::Standing::allowed || refuse(over, collection);
}

// Sets overwritten_: the fields that an insert changes in the row that it meets. Values that are
// there already change nothing, nor do those of `once` fields, where the first to arrive stays.
void TransactionJudge::note_overwritten(const CollectionDef& collection, const RowState& row) {
  overwritten_.clear();
  for (const FieldWrite& field : write_.fields) {
    const std::size_t position = *collection.position(field.field);
    bool changes = false;
    switch (collection.fields[position].rule) {
      case MergeRule::once: break;
      case MergeRule::set: changes = !field.adds.empty() || !field.removes.empty(); break;
      case MergeRule::counter: changes = field.value != ValueView::of_integer(0); break;
      default: changes = field.value != row.fields[position].value.view();
    }
    if (changes || !field.closes.empty()) overwritten_.push_back(field.field);
  }
}

// Of a row that was written: which rows it names.
void TransactionJudge::note_references(const SectionRow& from, const SectionPlan& plan) {
  const CollectionId collection = plan.table->rows.collection().id;
  const auto note = [&](FieldId field, CollectionId to, BytesView id) {
    if (id.size() != RowId::size_bytes) return;
    const Reference reference{collection, field, to, RowId::from_bytes(id)};
    // Most rows of a transaction name the same one.
    if (references_.empty() || !(references_.back() == reference)) references_.push_back(reference);
  };
  // A plain insert says everything in its cells; of any other row, write_ is this one.
  const bool is_plain = plan.plain && from.extra.empty() && from.stamps.empty();
  for (const auto& [place, to] : plan.guarded) {
    const FieldId field = from.section->fields[place];
    if (is_plain) {
      note(field, to, from.cells[place].bytes);
      continue;
    }
    const FieldWrite& write = write_.fields[place];
    if (write.has_value) note(field, to, write.value.bytes);
    for (const Value& added : write.adds) note(field, to, added.view().bytes);
  }
}

Result<bool> TransactionJudge::check_references() {
  for (const Reference& reference : references_) {
    ROLLCALL_TRY_ASSIGN(const bool seen, check_reference(reference));
    if (seen) continue;
    // At fault is the field that names it.
    judged_.judgement.collection = reference.from;
    judged_.judgement.field = reference.field;
    return false;
  }
  return true;
}

Result<bool> TransactionJudge::forget_row(CollectionId collection, const RowId& id) {
  const auto found = tables_.find(collection);
  if (found == tables_.end()) return false;
  ServerTable& table = found->second.rows;
  ROLLCALL_TRY_ASSIGN(const bool is_there, table.read(id, named_));
  if (!is_there) return false;
  ROLLCALL_TRY(writer_.forget(table, named_));
  return true;
}

Result<bool> TransactionJudge::check_reference(const Reference& reference) {
  const auto found = tables_.find(reference.to);
  ROLLCALL_CHECK(found != tables_.end());
  ServerTable& table = found->second.rows;
  const std::uint64_t reads_before = paths_->reads();
  ROLLCALL_TRY_ASSIGN(const bool is_there, table.read(reference.id, named_));
  if (!is_there && covers(remembered_, reference.to, reference.id)) return true;
  if (!is_there) return unknown_row(table.collection(), reference.id, reads_before);
  // Who adds a row may name it, also where its role does not read it.
  if (!named_.sequences.empty() && named_.sequences.front() == case_->sequence) return true;
  ROLLCALL_TRY_ASSIGN(const Authority::Standing seen, sight(named_, reference.to));
  if (seen == Authority::Standing::allowed) return true;
  if (seen == Authority::Standing::denied) {
    return unknown_row(table.collection(), reference.id, reads_before);
  }
  return refuse(VerdictKind::parked, ErrorCode::grant_lost,
                "the row of " + table.collection().name +
                    " that it names is out of this device's scopes by now; somebody has to decide",
                reference.from, reference.field);
}

// Absent, and hidden from the author: by now both were looked up once, and a hidden row's paths
// were read. As many reads are made up for where there was none, so that the work tells nothing.
// (A row on more paths than its collection has templates for, none of them in memory, takes more.)
Result<bool> TransactionJudge::unknown_row(const CollectionDef& collection, const RowId& id,
                                           std::uint64_t reads_before) {
  while (paths_->reads() - reads_before < collection.paths.size()) {
    ROLLCALL_TRY(paths_->read_in_vain());
  }
  ROLLCALL_TRY_ASSIGN(const bool waits,
                      log_->is_insert_parked(case_->device->record.number, collection.id, id));
  if (waits) {
    return refuse(VerdictKind::parked, ErrorCode::unknown_row,
                  "the transaction that adds the row of " + collection.name + " is parked",
                  collection.id);
  }
  if (case_->may_wait) {
    return refuse(VerdictKind::parked, ErrorCode::unknown_row,
                  "the server was restored, and lacks the row of " + collection.name +
                      "; whoever has it may bring it back",
                  collection.id);
  }
  return refuse(VerdictKind::rejected, ErrorCode::gone,
                "there is no such row of " + collection.name, collection.id);
}

// A row of the transaction as a write. The page was checked as a whole when it was opened.
void TransactionJudge::read_write(const SectionRow& from) {
  write_.collection = from.section->collection;
  write_.id = from.id;
  write_.insert = from.section->kind == RowKind::insert;
  write_.fields.resize(from.cells.size());
  ROLLCALL_CHECK(unpack_stamps(from.stamps, bases_).has_value());
  std::size_t base = 0;
  for (std::size_t i = 0; i < from.cells.size(); ++i) {
    FieldWrite& field = write_.fields[i];
    field.field = from.section->fields[i];
    const bool has_base = base < bases_.size() && bases_[base].field == field.field;
    field.base = has_base ? bases_[base++].stamp : Stamp{};
    field.has_value = true;
    field.value = from.cells[i];
    field.generation = 0;
    field.adds.clear();
    field.removes.clear();
    field.closes.clear();
  }
  RowExtraReader extra(from.extra, ExtraUse::wire);
  for (std::size_t i = 0;;) {
    const auto field = extra.next();
    ROLLCALL_CHECK(field.has_value());
    if (!field->has_value()) return;
    while (write_.fields[i].field != **field) ++i;
    ROLLCALL_CHECK(extra.read(write_.fields[i]).has_value());
  }
}

// Rows of small transactions are read once; of large ones only the last is kept.
Result<TransactionJudge::LoadedRow*> TransactionJudge::load(ServerTable& table, const RowId& id,
                                                            std::size_t place) {
  LoadedRow* loaded = &alone_;
  if (place < judged_rows_kept) {
    if (place >= loaded_.size()) loaded_.resize(place + 1);
    loaded = &loaded_[place];
    if (loaded->looked_up && loaded->id == id) return loaded;
  }
  ROLLCALL_TRY_ASSIGN(loaded->found, table.read(id, loaded->row));
  loaded->id = id;
  loaded->looked_up = true;
  return loaded;
}

// Whether an insert says only what an append-only row says already.
bool TransactionJudge::is_same(const CollectionDef& collection, const RowState& row) const {
  return std::all_of(write_.fields.begin(), write_.fields.end(), [&](const FieldWrite& field) {
    const auto position = collection.position(field.field);
    return position && row.fields[*position].value.view() == field.value;
  });
}

std::optional<Stamp> TransactionJudge::accepted(TxNumber number) const {
  auto stamp = log_->accepted(case_->device->holder_of(number), number);
  return stamp ? *stamp : std::nullopt;
}

}  // namespace rollcall
