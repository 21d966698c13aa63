#include "server/commands/personal_commands.h"

#include <algorithm>
#include <map>
#include <ostream>

#include <nlohmann/json.hpp>

#include "server/commands/limits.h"
#include "server/commands/operator.h"
#include "server/commands/redaction.h"
#include "server/commands/row_export.h"
#include "server/commands/written_json.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

struct AboutRow {
  const CollectionDef* collection = nullptr;
  RowId id;
  RowState state;
};

bool names(const CollectionDef& collection, const RowState& row, const RowId& id) {
  for (std::size_t i = 0; i < collection.fields.size(); ++i) {
    if (collection.fields[i].type != FieldType::id) continue;
    const FieldState& field = row.fields[i];
    if (field.value == Value::bytes(id.view())) return true;
    for (const SetElement& element : field.elements) {
      if (element.value == Value::bytes(id.view())) return true;
    }
  }
  return false;
}

// What the space holds of a person: rows that are, or name, her; and what only the log holds.
struct About {
  std::vector<AboutRow> rows;
  std::vector<ErasedRow> forgotten;   // deleted, and compacted since
  std::vector<ErasedRow> once_named;  // rows that are there, and name her no more
  [[nodiscard]] bool empty() const { return rows.empty() && forgotten.empty(); }
};

Result<About> about(SpaceReader& reader, const Schema& schema, const RowId& id) {
  About found;
  ROLLCALL_TRY_ASSIGN(std::set<ErasedRow> written, reader.rows_written_of(id));
  for (const CollectionDef& collection : schema.collections) {
    const auto look = [&](const RowView& row) -> Result<void> {
      const ErasedRow key{collection.id, row.id};
      const bool was_written = written.erase(key) != 0;
      if (row.id == id || names(collection, *row.state, id)) {
        found.rows.push_back({&collection, row.id, *row.state});
      } else if (was_written) {
        found.once_named.push_back(key);
      }
      return {};
    };
    ROLLCALL_TRY(reader.rows(collection.id, look));
  }
  // Rows that are nowhere any more, of collections that the schema knows.
  for (const ErasedRow& row : written) {
    if (schema.find(row.collection) != nullptr) found.forgotten.push_back(row);
  }
  return found;
}

Result<RowId> read_id(const std::string& text) {
  const auto id = RowId::parse(text);
  if (id) return *id;
  return failure(ErrorCode::invalid_argument, "'" + text + "' is no row's id: give a UUID");
}

Error nothing_about(const std::string& id) {
  return failure(ErrorCode::not_found, "no row is, or names, " + id);
}

// "3 contact, 1 person"
std::string counted(const About& about) {
  std::map<std::string, std::size_t> counts;
  for (const AboutRow& row : about.rows) ++counts[row.collection->name];
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  }
  if (!about.forgotten.empty()) {
    text += (text.empty() ? "" : ", ") + std::to_string(about.forgotten.size()) +
            " deleted long ago and compacted";
  }
  return text;
}

void print_wish(const About& found, const Schema& schema, std::ostream& out) {
  for (const AboutRow& row : found.rows) {
    out << row.collection->name << " " << row.id.text() << "\n";
  }
  for (const ErasedRow& row : found.forgotten) {
    out << schema.find(row.collection)->name << " " << row.id.text()
        << " (deleted and compacted: only the log holds it)\n";
  }
  for (const ErasedRow& row : found.once_named) {
    out << schema.find(row.collection)->name << " " << row.id.text()
        << " named it once and does not now: it would stay\n";
  }
  out << "would erase " << counted(found) << "; nothing was changed\n";
}

// Through whoever holds the folder's lock.
LogDoors log_doors(Operator& writer, const ServerFolder& folder, const Program& program,
                   const std::string& space) {
  return {[&, space] { return program.open_reader(folder, space); },
          [&, space](std::span<const std::int64_t> transactions) -> Result<std::uint64_t> {
            ControlRequest request;
            request.kind = ControlKind::redact;
            request.space = space;
            for (const std::int64_t id : transactions)
              request.transactions.push_back(TxNumber(static_cast<std::uint64_t>(id)));
            ROLLCALL_TRY_ASSIGN(const ControlReply reply, writer.ask(request));
            return reply.changed;
          }};
}

}  // namespace

Result<void> personal_export_command(const std::string& path, const std::string& space,
                                     const std::string& id, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const RowId person, read_id(id));
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY_ASSIGN(const auto schema, reader->schema());
  ROLLCALL_TRY_ASSIGN(const About found, about(*reader, *schema, person));
  if (found.empty()) return nothing_about(id);
  const auto print = [&](const CollectionDef& collection, const RowId& row,
                         Json shown) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const std::vector<HistoryEntry> history,
                        reader->history(collection.id, row));
    Json& written = shown["history"] = Json::array();
    for (const HistoryEntry& entry : history) {
      written.push_back({{"received_ms", entry.received_ms},
                         {"by", entry.device_label},
                         {"writes", written_json(&collection, entry.writes)}});
    }
    program.out << shown.dump() << "\n";
    return {};
  };
  for (const AboutRow& row : found.rows) {
    ROLLCALL_TRY(print(*row.collection, row.id,
                       {{"collection", row.collection->name},
                        {"id", row.id.text()},
                        {"deleted", row.state.is_deleted()},
                        {"fields", fields_json(*row.collection, row.state)}}));
  }
  for (const ErasedRow& row : found.forgotten) {
    const CollectionDef& collection = *schema->find(row.collection);
    ROLLCALL_TRY(print(collection, row.id,
                       {{"collection", collection.name},
                        {"id", row.id.text()},
                        {"deleted", true},
                        {"compacted", true}}));
  }
  return {};
}

Result<void> personal_erase_command(const PersonalErasure& wanted, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const RowId person, read_id(wanted.id));
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(wanted.folder));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, wanted.space));
  ROLLCALL_TRY_ASSIGN(const auto schema, reader->schema());
  for (const std::string& name : wanted.kept) {
    if (schema->find(name) == nullptr) {
      return failure(ErrorCode::unknown_collection,
                     "there is no collection '" + name + "' to keep");
    }
  }
  ROLLCALL_TRY_ASSIGN(About found, about(*reader, *schema, person));
  const auto is_kept = [&](const std::string& name, const RowId& row) {
    return row != person &&
           std::find(wanted.kept.begin(), wanted.kept.end(), name) != wanted.kept.end();
  };
  std::erase_if(found.rows,
                [&](const AboutRow& row) { return is_kept(row.collection->name, row.id); });
  std::erase_if(found.forgotten, [&](const ErasedRow& row) {
    return is_kept(schema->find(row.collection)->name, row.id);
  });
  if (wanted.dry_run) {
    if (found.empty()) return nothing_about(wanted.id);
    print_wish(found, *schema, program.out);
    return {};
  }
  // Also of before: an erasure that was cut short is finished, and so is what was sent since.
  ROLLCALL_TRY_ASSIGN(std::set<ErasedRow> gone, reader->erased());
  ControlRequest request;
  request.space = wanted.space;
  request.label = wanted.reason;
  const auto add = [&](CollectionId collection, const RowId& row) {
    const bool is_new = gone.insert({collection, row}).second;
    request.rows.push_back({collection, Bytes(row.view())});
    return is_new;
  };
  for (const AboutRow& row : found.rows) add(row.collection->id, row.id);
  for (const ErasedRow& row : found.forgotten) add(row.collection, row.id);
  // Whatever is sent as hers from now on.
  const bool is_known = !add(any_collection, person);
  if (found.empty() && !is_known) {
    ROLLCALL_TRY_ASSIGN(const auto left, reader->transactions_naming(gone));
    if (left.empty()) return nothing_about(wanted.id);
  }
  ROLLCALL_TRY_ASSIGN(const auto writer, reach_operator(folder, program.space_doors()));
  request.kind = ControlKind::erase;
  if (!found.empty() || !is_known) ROLLCALL_TRY(writer->ask(request));
  {
    // With those of others that were erased meanwhile: the last step is for all up to here.
    ROLLCALL_TRY_ASSIGN(const auto after, program.open_reader(folder, wanted.space));
    ROLLCALL_TRY_ASSIGN(request.through, after->last_erasure());
    ROLLCALL_TRY_ASSIGN(gone, after->erased());
  }
  ROLLCALL_TRY_ASSIGN(const std::size_t redacted,
                      redact_all(log_doors(*writer, folder, program, wanted.space), gone));
  ROLLCALL_TRY_ASSIGN(const std::string imports, folder.imports_path(wanted.space));
  ROLLCALL_TRY(forget_imported(imports, gone));
  request.kind = ControlKind::scrub;
  request.rows.clear();
  ROLLCALL_TRY(writer->ask(request));
  program.out
      << "erased " << (found.empty() ? "nothing new" : counted(found)) << ", and what " << redacted
      << " transactions wrote of it\n"
      << "Devices lose it at their next sync; whoever wrote of it keeps what they sent for "
         "up to 90 days.\n"
      << "Backups of before hold it until they are replaced. An import brings it back: take "
         "it out of the list, too.\n";
  for (const std::string& aside : folder.put_aside()) {
    program.out << aside << " was put aside by a restore, and may hold it: delete it.\n";
  }
  return {};
}

}  // namespace rollcall
