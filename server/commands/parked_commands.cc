#include "server/commands/parked_commands.h"

#include <ostream>

#include <nlohmann/json.hpp>

#include "engine/clock/utc_time.h"
#include "server/commands/limits.h"
#include "server/commands/written_json.h"
#include "server/space/device_digits.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

Json rows_json(const ParkedEntry& entry, const Schema& schema) {
  Json rows = Json::array();
  for (const ParkedEntry::Row& row : entry.rows) {
    const CollectionDef* collection = schema.find(row.collection);
    rows.push_back(
        {{"collection", collection == nullptr ? "collection " + std::to_string(row.collection.value)
                                              : collection->name},
         {"id", row.id.text()},
         {"insert", row.insert},
         {"fields", written_json(collection, row.writes)}});
  }
  return rows;
}

Json json_of(const ParkedEntry& entry, const Schema& schema) {
  return {{"number", entry.id},
          {"device", device_digits(entry.device)},
          {"label", entry.device_label},
          {"revoked", entry.is_revoked},
          {"transaction", entry.number.value},
          {"made", utc_text(static_cast<std::int64_t>(entry.made.ms()))},
          {"received", utc_text(entry.received_ms)},
          {"code", error_name(static_cast<ErrorCode>(entry.verdict.code))},
          {"reason", entry.verdict.reason},
          {"rows", rows_json(entry, schema)}};
}

void print(const Json& entry, std::ostream& out) {
  const auto text = [&](const char* key) { return entry[key].get<std::string>(); };
  out << entry["number"].dump() << "  " << text("label") << " (" << text("device") << ")  made "
      << text("made") << "  " << text("reason") << "\n";
  for (const Json& row : entry["rows"]) {
    out << "    " << row["collection"].get<std::string>() << " " << row["id"].get<std::string>()
        << (row["insert"].get<bool>() ? "  new" : "");
    for (const auto& [name, value] : row["fields"].items()) {
      out << "  " << name << "=" << value.dump();
    }
    out << "\n";
  }
}

}  // namespace

Result<void> parked_list_command(const std::string& path, const std::string& space, bool json,
                                 const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY(reader->begin());
  ROLLCALL_TRY_ASSIGN(const auto schema, reader->schema());
  std::int64_t after = 0;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const auto entries, reader->parked(after, parked_page));
    for (const ParkedEntry& entry : entries) {
      const Json shown = json_of(entry, *schema);
      if (json) {
        program.out << shown.dump() << "\n";
      } else {
        print(shown, program.out);
      }
      after = entry.id;
    }
    if (entries.size() < parked_page) return {};
  }
}

Result<void> parked_decide_command(const std::string& path, const std::string& space,
                                   std::int64_t number, bool accept, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ControlRequest request;
  request.kind = ControlKind::decide;
  request.space = space;
  request.parked = number;
  request.accept = accept;
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ROLLCALL_TRY_ASSIGN(const ControlReply reply, server->ask(request));
  if (reply.verdicts.size() != 1) {
    return failure(ErrorCode::internal, "the server did not say what became of it");
  }
  const Verdict& verdict = reply.verdicts.front();
  program.out << number << " " << *name_of_enum(verdict.kind);
  if (verdict.code != 0) program.out << ": " << verdict.reason;
  program.out << "\n";
  return {};
}

}  // namespace rollcall
