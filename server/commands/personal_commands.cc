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

Result<std::vector<AboutRow>> rows_about(SpaceReader& reader, const Schema& schema,
                                         const RowId& id) {
  std::vector<AboutRow> found;
  for (const CollectionDef& collection : schema.collections) {
    const auto look = [&](const RowView& row) -> Result<void> {
      if (row.id == id || names(collection, *row.state, id)) {
        found.push_back({&collection, row.id, *row.state});
      }
      return {};
    };
    ROLLCALL_TRY(reader.rows(collection.id, look));
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
std::string counted(const std::vector<AboutRow>& rows) {
  std::map<std::string, std::size_t> counts;
  for (const AboutRow& row : rows) ++counts[row.collection->name];
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  }
  return text;
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
  ROLLCALL_TRY_ASSIGN(const std::vector<AboutRow> rows, rows_about(*reader, *schema, person));
  if (rows.empty()) return nothing_about(id);
  for (const AboutRow& row : rows) {
    Json shown = {{"collection", row.collection->name},
                  {"id", row.id.text()},
                  {"deleted", row.state.is_deleted()},
                  {"fields", fields_json(*row.collection, row.state)}};
    ROLLCALL_TRY_ASSIGN(const std::vector<HistoryEntry> history,
                        reader->history(row.collection->id, row.id));
    Json& written = shown["history"] = Json::array();
    for (const HistoryEntry& entry : history) {
      written.push_back({{"received_ms", entry.received_ms},
                         {"by", entry.device_label},
                         {"writes", written_json(row.collection, entry.writes)}});
    }
    program.out << shown.dump() << "\n";
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
  ROLLCALL_TRY_ASSIGN(std::vector<AboutRow> rows, rows_about(*reader, *schema, person));
  std::erase_if(rows, [&](const AboutRow& row) {
    return row.id != person && std::find(wanted.kept.begin(), wanted.kept.end(),
                                         row.collection->name) != wanted.kept.end();
  });
  if (wanted.dry_run) {
    if (rows.empty()) return nothing_about(wanted.id);
    for (const AboutRow& row : rows) {
      program.out << row.collection->name << " " << row.id.text() << "\n";
    }
    program.out << "would erase " << counted(rows) << "; nothing was changed\n";
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
  for (const AboutRow& row : rows) add(row.collection->id, row.id);
  // A row of hers that went before may be in what was sent.
  bool known = true;
  for (const CollectionDef& collection : schema->collections) {
    if (add(collection.id, person)) known = false;
  }
  if (rows.empty() && !known) {
    ROLLCALL_TRY_ASSIGN(const auto left, reader->transactions_naming(gone));
    if (left.empty()) return nothing_about(wanted.id);
  }
  ROLLCALL_TRY_ASSIGN(const auto writer, reach_operator(folder, program.space_doors()));
  request.kind = ControlKind::erase;
  if (!rows.empty() || !known) ROLLCALL_TRY(writer->ask(request));
  ROLLCALL_TRY_ASSIGN(const std::size_t redacted,
                      redact_all(log_doors(*writer, folder, program, wanted.space), gone));
  ROLLCALL_TRY_ASSIGN(const std::string imports, folder.imports_path(wanted.space));
  ROLLCALL_TRY(forget_imported(imports, gone));
  request.kind = ControlKind::scrub;
  request.rows.clear();
  ROLLCALL_TRY(writer->ask(request));
  program.out
      << "erased " << (rows.empty() ? "nothing new" : counted(rows)) << ", and what " << redacted
      << " transactions wrote of it\n"
      << "Devices lose it at their next sync; whoever wrote of it keeps what they sent for "
         "up to 90 days.\n"
      << "Backups of before hold it until they are replaced. An import brings it back: take "
         "it out of the list, too.\n";
  return {};
}

}  // namespace rollcall
