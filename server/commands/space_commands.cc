#include "server/commands/space_commands.h"

#include <ostream>

#include <nlohmann/json.hpp>

#include "schema/compiled.h"
#include "schema/compiler.h"
#include "schema/evolution.h"
#include "schema/schema_folder.h"

namespace rollcall {
namespace {

Result<Schema> compile_folder(const std::string& path, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const std::vector<SchemaSource> files, read_schema_folder(path));
  return compile_schema(files, program.cryptography);
}

std::string described(const Schema& schema) {
  return "schema " + schema.name + ", version " + std::to_string(schema.version) + ", " +
         std::to_string(schema.collections.size()) + " collections";
}

}  // namespace

Result<void> init_command(const std::string& path, const std::string& schema_folder,
                          const std::string& url, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const Schema schema, compile_folder(schema_folder, program));
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder,
                      ServerFolder::create(path, schema, url, program.random));
  program.out << folder.path() << ": " << described(schema) << "\n";
  return {};
}

Result<void> space_add_command(const std::string& path, const std::string& space,
                               const std::string& title, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ControlRequest request;
  request.kind = ControlKind::add_space;
  request.space = space;
  request.label = title;
  ROLLCALL_TRY(server->ask(request));
  program.out << folder.space_path(space) << "\n";
  return {};
}

Result<void> space_list_command(const std::string& path, bool json, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  for (const std::string& name : folder.space_names()) {
    ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, name));
    ROLLCALL_TRY_ASSIGN(const std::string title, reader->title());
    ROLLCALL_TRY_ASSIGN(const auto devices, reader->devices());
    ROLLCALL_TRY_ASSIGN(const auto schema, reader->schema());
    if (json) {
      program.out << nlohmann::json({{"space", name},
                                     {"name", title},
                                     {"devices", devices.size()},
                                     {"schema_version", schema->version}})
                         .dump()
                  << "\n";
    } else {
      program.out << name << "  " << title << "  " << devices.size() << " devices, "
                  << "schema version " << schema->version << "\n";
    }
  }
  return {};
}

Result<void> schema_check_command(const std::string& path, const std::string& schema_folder,
                                  const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const Schema next, compile_folder(schema_folder, program));
  for (const std::string& name : folder.space_names()) {
    ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, name));
    ROLLCALL_TRY_ASSIGN(const auto present, reader->schema());
    if (present->hash == next.hash) {
      program.out << name << ": has this schema already\n";
      continue;
    }
    if (const auto allowed = check_evolution(*present, next); !allowed) {
      return failure(allowed.error().code, "space " + name + ": " + allowed.error().message);
    }
    program.out << name << ": may go from version " << present->version << " to " << next.version
                << "\n";
  }
  program.out << described(next) << ": ok\n";
  return {};
}

Result<void> schema_apply_command(const std::string& path, const std::string& schema_folder,
                                  const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const Schema next, compile_folder(schema_folder, program));
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ControlRequest request;
  request.kind = ControlKind::apply_schema;
  request.schema = encode_schema(next);
  ROLLCALL_TRY_ASSIGN(const ControlReply reply, server->ask(request));
  program.out << described(next) << ": applied; " << reply.judged_again
              << " parked transactions got another verdict"
              << (reply.judging ? " so far; the server goes on with the rest" : "") << "\n";
  return {};
}

}  // namespace rollcall
