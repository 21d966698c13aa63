#include "server/commands/importer.h"

#include <algorithm>

#include "engine/codec/transaction.h"
#include "engine/protocol/chain.h"

namespace rollcall {
namespace {

constexpr std::size_t batch_rows_max = 1'000;
constexpr std::size_t batch_bytes_max = 1u << 20;
constexpr std::uint64_t progress_lines = 1'000;

// What a line changes of a set since its last import.
FieldWrite set_write(FieldId id, const std::vector<Value>& now, const ImportedField& before) {
  FieldWrite write;
  write.field = id;
  write.base = before.stamp;
  for (const Value& element : now) {
    if (!std::binary_search(before.values.begin(), before.values.end(), element)) {
      write.adds.push_back(element);
    }
  }
  for (std::size_t i = 0; i < before.values.size(); ++i) {
    if (std::binary_search(now.begin(), now.end(), before.values[i])) continue;
    SetRemoval removal;
    removal.element = before.values[i];
    removal.own = before.transactions[i];
    write.removes.push_back(std::move(removal));
  }
  return write;
}

bool took_effect(const Verdict& verdict) {
  return verdict.kind != VerdictKind::rejected && verdict.kind != VerdictKind::parked;
}

}  // namespace

// Rows on their way, and what is to be remembered of them once they are stored.
struct Importer::Batch {
  TransactionWriter writer;
  std::vector<ImportMemory::Entry> entries;
  std::vector<std::vector<FieldId>> changed;  // of each entry
  std::vector<ImportLine> lines;              // own what the writes point to
};

Importer::Importer(const Schema& schema, const DeviceRecord& device, ImportMemory& memory,
                   PushDoor push, RowDoor is_there, const Clock& clock,
                   const Cryptography& cryptography)
    : schema_(schema),
      device_(device.number),
      memory_(memory),
      push_(std::move(push)),
      is_there_(std::move(is_there)),
      clock_(clock),
      cryptography_(cryptography),
      last_(device.last_tx),
      head_(device.head),
      last_time_(device.last_accepted.time) {}

Result<void> Importer::add(const CollectionDef& collection, ImportLine&& line, Batch& batch,
                           ImportReport& report) {
  ROLLCALL_TRY_ASSIGN(ImportedRow before, memory_.row(collection.id, line.id));
  const bool is_new = before.empty();
  if (!is_new && collection.append_only) {
    ++report.unchanged;
    return {};
  }
  RowWrite row;
  row.collection = collection.id;
  row.id = line.id;
  row.insert = is_new;
  if (is_new) {
    FieldWrite alive;
    alive.field = FieldId(0);
    alive.has_value = true;
    alive.value = ValueView::of_boolean(false);
    row.fields.push_back(std::move(alive));
  }
  std::vector<FieldId> changed;
  for (auto& [id, values] : line.fields) {
    const FieldDef& field = collection.fields[*collection.position(id)];
    const ImportedField& known = before[id];
    if (known.values == values) continue;
    FieldWrite write;
    if (field.rule == MergeRule::set) {
      write = set_write(id, values, known);
    } else if (field.rule == MergeRule::counter) {
      const std::int64_t had = known.values.empty() ? 0 : known.values[0].view().integer;
      write.field = id;
      write.base = known.stamp;
      write.has_value = true;
      write.value = ValueView::of_integer(values[0].view().integer - had);
    } else {
      write.field = id;
      write.base = known.stamp;
      write.has_value = true;
      write.value = values[0];
    }
    row.fields.push_back(std::move(write));
    changed.push_back(id);
  }
  if (changed.empty() && !is_new) {
    ++report.unchanged;
    return {};
  }
  if (!is_new) {
    // Deleted long ago and compacted away: it stays deleted, as a row does that is only deleted.
    ROLLCALL_TRY_ASSIGN(const bool is_there, is_there_(collection.id, row.id));
    if (!is_there) {
      ++report.deleted;
      return {};
    }
  }
  ++report.written;
  batch.lines.push_back(std::move(line));
  batch.writer.add(row);
  ImportMemory::Entry entry{collection.id, row.id, std::move(before)};
  // Values are remembered as they are sent; stamps when they are stored.
  for (const FieldId id : changed) {
    ImportedField& known = entry.row[id];
    const std::vector<Value>& values = batch.lines.back().fields[id];
    std::vector<TxNumber> transactions;
    for (const Value& value : values) {
      const auto was = std::lower_bound(known.values.begin(), known.values.end(), value);
      const bool kept = was != known.values.end() && *was == value;
      const auto place = static_cast<std::size_t>(was - known.values.begin());
      transactions.push_back(kept && place < known.transactions.size() ? known.transactions[place]
                                                                       : last_.next());
    }
    known.values = values;
    known.transactions = std::move(transactions);
  }
  batch.entries.push_back(std::move(entry));
  batch.changed.push_back(std::move(changed));
  return {};
}

Result<void> Importer::send(const CollectionDef& collection, Batch& batch, ImportReport& report) {
  if (batch.entries.empty()) return {};
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(clock_.utc_ms(), 1)) << 16;
  last_time_ = std::max(now, last_time_ + 1);
  TransactionHead head;
  head.number = last_.next();
  head.stamp = Stamp{last_time_, device_};
  head.schema_version = schema_.version;
  ROLLCALL_TRY_ASSIGN(Bytes bytes, batch.writer.finish(head));
  const Hash next = next_head(cryptography_, head_, cryptography_.hash({bytes}));

  ImportMemory::UnderWay under_way{head.number,
                                   next,
                                   head.stamp,
                                   std::move(bytes),
                                   std::move(batch.entries),
                                   std::move(batch.changed)};
  ROLLCALL_TRY(memory_.begin(under_way));
  ROLLCALL_TRY_ASSIGN(const Verdict verdict, push(under_way));
  ++report.transactions;
  if (!took_effect(verdict)) {
    report.written -= under_way.entries.size();
    report.refused += under_way.entries.size();
    for (const ImportLine& line : batch.lines) {
      if (report.errors.size() == errors_kept_max) break;
      report.errors.push_back({line.line, "refused with its batch of " +
                                              std::to_string(under_way.entries.size()) + " " +
                                              collection.name + " rows: " + verdict.reason});
    }
  }
  batch.entries.clear();
  batch.changed.clear();
  batch.lines.clear();
  return {};
}

Result<Verdict> Importer::push(ImportMemory::UnderWay& under_way) {
  SyncRequest request;
  request.first_tx = under_way.number;
  request.last_tx = under_way.number;
  request.seen_tx = TxNumber(under_way.number.value - 1);
  request.transactions.push_back({under_way.transaction, {}});
  ROLLCALL_TRY_ASSIGN(const PushReply reply, push_(device_, request, under_way.head));
  if (reply.refused) return *reply.refused;
  if (reply.state != SyncState::ok) {
    return failure(ErrorCode::forked,
                   "the space knows another history of this import; is another import running?");
  }
  last_ = under_way.number;
  head_ = under_way.head;

  const auto verdict =
      std::find_if(reply.verdicts.begin(), reply.verdicts.end(), [&](const Verdict& candidate) {
        return candidate.number <= last_ && last_.value <= candidate.number.value + candidate.more;
      });
  if (verdict == reply.verdicts.end()) {
    return failure(ErrorCode::internal, "the space gave no verdict on an import's transaction");
  }
  if (verdict->accepted) last_time_ = std::max(last_time_, verdict->accepted->time);
  if (!took_effect(*verdict)) {
    ROLLCALL_TRY(memory_.drop());
    return *verdict;
  }
  const Stamp accepted = verdict->accepted.value_or(under_way.stamp);
  for (std::size_t i = 0; i < under_way.entries.size(); ++i) {
    for (const FieldId field : under_way.changed[i]) {
      under_way.entries[i].row[field].stamp = accepted;
    }
  }
  ROLLCALL_TRY(memory_.remember(under_way.entries));
  return *verdict;
}

Result<void> Importer::settle() {
  ROLLCALL_TRY_ASSIGN(std::optional<ImportMemory::UnderWay> under_way, memory_.under_way());
  if (!under_way) return {};
  // The chain's head says whether it arrived: nothing else is sent before it is settled.
  if (under_way->number != last_ || under_way->head != head_) return memory_.drop();
  ROLLCALL_TRY(push(*under_way));
  return {};
}

Result<ImportReport> Importer::run(const CollectionDef& collection, std::string_view text,
                                   bool is_csv, const ImportOptions& options, bool dry_run,
                                   const std::function<void(std::uint64_t lines)>& on_progress) {
  ImportReport report;
  Batch batch;
  batch.lines.reserve(batch_rows_max);
  std::map<RowId, std::size_t> seen;  // a row named twice in one file: the second line is refused
  Result<void> failed;
  const auto refuse = [&](LineError&& error) {
    ++report.lines;
    ++report.refused;
    if (report.errors.size() < errors_kept_max) report.errors.push_back(std::move(error));
  };
  const auto take = [&](ImportLine&& line) {
    const auto [at, is_first] = seen.emplace(line.id, line.line);
    if (!is_first) {
      refuse({line.line, "the same row as line " + std::to_string(at->second)});
      return true;
    }
    ++report.lines;
    failed = add(collection, std::move(line), batch, report);
    if (!failed) return false;
    const bool full =
        batch.entries.size() == batch_rows_max || batch.writer.size_estimate() >= batch_bytes_max;
    if (full && dry_run) {
      batch.writer.clear();
      batch.entries.clear();
      batch.changed.clear();
      batch.lines.clear();
    } else if (full) {
      failed = send(collection, batch, report);
    }
    if (on_progress && report.lines % progress_lines == 0) on_progress(report.lines);
    return failed.has_value();
  };
  if (!dry_run) ROLLCALL_TRY(settle());
  ROLLCALL_TRY(read_import(collection, text, is_csv, options, take, refuse));
  ROLLCALL_TRY(std::move(failed));
  if (!dry_run) ROLLCALL_TRY(send(collection, batch, report));
  if (on_progress) on_progress(report.lines);
  return report;
}

}  // namespace rollcall
