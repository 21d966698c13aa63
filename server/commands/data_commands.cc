#include "server/commands/data_commands.h"

#include <algorithm>
#include <fstream>
#include <ostream>

#include <nlohmann/json.hpp>

#include "engine/clock/utc_time.h"
#include "server/commands/importer.h"
#include "server/commands/limits.h"
#include "server/commands/progress_bar.h"
#include "server/commands/row_export.h"
#include "server/commands/written_json.h"
#include "server/space/device_digits.h"
#include "server/space/durable_file.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

Result<const CollectionDef*> find_collection(const Schema& schema, const std::string& name) {
  if (const CollectionDef* collection = schema.find(name)) return collection;
  std::string known;
  for (const CollectionDef& one : schema.collections) {
    known += (known.empty() ? "" : ", ") + one.name;
  }
  return failure(ErrorCode::invalid_argument,
                 "there is no collection '" + name + "'; there is " + known);
}

// The space's own device that imports, as it is now; made when there is none.
Result<DeviceRecord> importing_device(const ServerFolder& folder, const std::string& space,
                                      SpaceReader& reader, Operator& server,
                                      const Program& program) {
  ROLLCALL_TRY_ASSIGN(const SecretSeed seed, folder.importer_seed(space, program.random));
  const PublicKey key = program.cryptography.public_key(seed);
  for (const bool make : {true, false}) {
    ROLLCALL_TRY_ASSIGN(const std::vector<DeviceRecord> devices, reader.devices());
    for (const DeviceRecord& device : devices) {
      if (device.local && device.key == key) return device;
    }
    if (!make) break;
    ControlRequest request;
    request.kind = ControlKind::add_importer;
    request.space = space;
    request.label = "import";
    request.key = key;
    ROLLCALL_TRY(server.ask(request));
  }
  return failure(ErrorCode::internal, "the device that imports was made and is not there");
}

PushDoor push_door(const std::string& space, Operator& server) {
  return [&server, space](DeviceNumber device, const SyncRequest& push,
                          const Hash& head) -> Result<PushReply> {
    ControlRequest request;
    request.kind = ControlKind::push;
    request.space = space;
    request.device = device;
    request.push = push;
    request.head = Bytes(head.view());
    ROLLCALL_TRY_ASSIGN(ControlReply answer, server.ask(request));
    PushReply reply;
    reply.state = answer.state;
    reply.known_tx = answer.known_tx;
    reply.verdicts = std::move(answer.verdicts);
    return reply;
  };
}

Result<void> write_errors(const std::string& path, const std::vector<LineError>& errors) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (const LineError& error : errors) {
    file << Json({{"line", error.line}, {"message", error.message}}).dump() << "\n";
  }
  file.close();
  if (file) return {};
  return failure(ErrorCode::io, "cannot write " + path + ": choose another file for --errors");
}

Result<void> report_import(const ImportReport& report, const ImportArguments& arguments,
                           const Program& program) {
  program.out << (arguments.dry_run ? "would import " : "imported ") << report.lines << " lines of "
              << arguments.collection << ": " << report.written << " written, " << report.unchanged
              << " unchanged, " << report.refused << " refused";
  if (report.deleted > 0) program.out << ", " << report.deleted << " left out: deleted here";
  program.out << "\n";
  if (!arguments.errors_file.empty()) {
    ROLLCALL_TRY(write_errors(arguments.errors_file, report.errors));
  }
  if (report.refused == 0) return {};
  for (std::size_t i = 0; i < std::min(report.errors.size(), shown_errors_max); ++i) {
    program.err << arguments.file << ":" << report.errors[i].line << ": "
                << report.errors[i].message << "\n";
  }
  return failure(ErrorCode::bad_value,
                 std::to_string(report.refused) +
                     (report.refused == 1 ? " line was" : " lines were") +
                     " refused: mend and import the file again, which changes nothing else");
}

Json entry_json(const CollectionDef& collection, const HistoryEntry& entry) {
  Json json = {{"at", utc_text(static_cast<std::int64_t>(entry.accepted.ms()))},
               {"device", device_digits(entry.device)},
               {"label", entry.device_label},
               {"number", entry.number.value},
               {"received", utc_text(entry.received_ms)},
               {"verdict", *name_of_enum(entry.verdict.kind)},
               {"insert", entry.insert}};
  if (entry.verdict.code != 0) {
    json["code"] = error_name(static_cast<ErrorCode>(entry.verdict.code));
    json["reason"] = entry.verdict.reason;
  }
  json["fields"] = written_json(&collection, entry.writes);
  return json;
}

std::string entry_line(const Json& entry) {
  const auto text = [&](const char* key) { return entry[key].get<std::string>(); };
  std::string line = text("at") + "  " + text("label") + " (" + text("device") + ") #" +
                     entry["number"].dump() + "  " + text("verdict");
  if (entry.contains("reason")) line += " (" + text("reason") + ")";
  for (const auto& [name, content] : entry["fields"].items()) {
    line += "  " + name + "=" + content.dump();
  }
  return line;
}

}  // namespace

Result<void> import_command(const ImportArguments& arguments, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(arguments.folder));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, arguments.space));
  ROLLCALL_TRY_ASSIGN(const auto schema, reader->schema());
  ROLLCALL_TRY_ASSIGN(const CollectionDef* collection,
                      find_collection(*schema, arguments.collection));
  const bool is_csv = arguments.file.ends_with(".csv");
  if (!is_csv && !arguments.file.ends_with(".jsonl") && !arguments.file.ends_with(".ndjson")) {
    return failure(ErrorCode::invalid_argument,
                   arguments.file + ": .csv and .jsonl files are what can be imported");
  }
  ROLLCALL_TRY_ASSIGN(const Bytes text, read_small_file(arguments.file, import_file_bytes_max));
  ROLLCALL_TRY_ASSIGN(const std::string memory_path, folder.imports_path(arguments.space));
  ROLLCALL_TRY_ASSIGN(ImportMemory memory, ImportMemory::open(memory_path));

  DeviceRecord device;
  std::unique_ptr<Operator> server;
  if (!arguments.dry_run) {
    ROLLCALL_TRY_ASSIGN(server, reach_operator(folder, program.space_doors()));
    ROLLCALL_TRY_ASSIGN(device,
                        importing_device(folder, arguments.space, *reader, *server, program));
  }
  const auto is_there = [&](CollectionId in, const RowId& id) -> Result<bool> {
    ROLLCALL_TRY_ASSIGN(const auto row, reader->row(in, id));
    return row.has_value();
  };
  Importer importer(*schema, device, memory,
                    server == nullptr ? PushDoor() : push_door(arguments.space, *server), is_there,
                    program.clock, program.cryptography);
  ImportReport report;
  {
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    ProgressBar bar(program.err, program.is_terminal, program.clock, arguments.collection, lines);
    ROLLCALL_TRY_ASSIGN(
        report, importer.run(*collection, text, is_csv, arguments.options, arguments.dry_run,
                             [&bar](std::uint64_t done) { bar.show(done); }));
  }
  return report_import(report, arguments, program);
}

Result<void> export_command(const std::string& path, const std::string& space,
                            const std::string& name, const std::string& format,
                            const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY_ASSIGN(const auto schema, reader->schema());
  ROLLCALL_TRY_ASSIGN(const CollectionDef* collection, find_collection(*schema, name));
  const bool is_csv = format == "csv";
  // RFC 4180 ends its lines so.
  const std::string_view line_end = is_csv ? "\r\n" : "\n";
  return export_rows(*reader, *collection, is_csv ? ExportFormat::csv : ExportFormat::json_lines,
                     [&](std::string_view line) { program.out << line << line_end; });
}

Result<void> digest_command(const std::string& path, const std::string& space,
                            const std::optional<std::string>& scope, bool json,
                            const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY_ASSIGN(const std::uint64_t sum, reader->digest(scope));
  Bytes bytes;
  put_u64(bytes, sum);
  if (!json) {
    program.out << to_hex(bytes) << "\n";
    return {};
  }
  Json shown = {{"space", space}, {"digest", to_hex(bytes)}};
  if (scope) shown["scope"] = *scope;
  program.out << shown.dump() << "\n";
  return {};
}

Result<void> history_command(const std::string& path, const std::string& space,
                             const std::string& name, const std::string& row, bool json,
                             const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY_ASSIGN(const auto schema, reader->schema());
  ROLLCALL_TRY_ASSIGN(const CollectionDef* collection, find_collection(*schema, name));
  const auto id = RowId::parse(row);
  if (!id) return failure(ErrorCode::invalid_argument, "'" + row + "' is no row's id: give a UUID");
  ROLLCALL_TRY_ASSIGN(const std::vector<HistoryEntry> entries,
                      reader->history(collection->id, *id));
  if (entries.empty()) {
    return failure(ErrorCode::not_found, "no transaction ever named this row");
  }
  for (const HistoryEntry& entry : entries) {
    const Json shown = entry_json(*collection, entry);
    program.out << (json ? shown.dump() : entry_line(shown)) << "\n";
  }
  return {};
}

}  // namespace rollcall
