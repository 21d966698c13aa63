// rollcall: a precinct captain's replica from the terminal. CLI.md describes it.

#include <cstdlib>
#include <functional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "examples/captain/commands.h"
#include "examples/captain/file_key.h"
#include "examples/organizing/organizing.h"

namespace rollcall::captain {
namespace {

using Command = std::function<Exit(Session)>;

// What the command line asks for.
struct Line {
  std::string db;
  std::string key_file;
  bool json = false;
  Command command;  // on an open replica
  bool enrolls = false;
  std::string link, url, space, code, label;

  std::string collection, id, fields, statement, scope, words, person, kind, outcome, note;
  std::string event, offering, state, gate;
  std::vector<std::string> assignments;
  bool content = false, watch = false, vacancies = false;
  std::int32_t limit = 20;
  std::int32_t attempts = 3;
  std::size_t conflict = 0;
  std::uint64_t transaction = 0;
  GrievanceWords grievance;
  KeyWords keys;
};

void add_row_commands(CLI::App& app, Line& line) {
  auto* put_command = app.add_subcommand("put", "write a new row; prints its id");
  put_command->add_option("collection", line.collection, "such as person")->required();
  put_command->add_option("fields", line.fields, "a JSON object")->required();
  put_command->callback([&line] {
    line.command = [&line](Session s) { return put(s, line.collection, line.fields); };
  });

  auto* set_command = app.add_subcommand("set", "change fields of a row");
  set_command->add_option("collection", line.collection)->required();
  set_command->add_option("id", line.id)->required();
  set_command
      ->add_option("assignments", line.assignments,
                   "field=value; tags+=x and tags-=x for sets, n+=1 for counters")
      ->required();
  set_command->callback([&line] {
    line.command = [&line](Session s) {
      return set(s, line.collection, line.id, line.assignments);
    };
  });

  auto* delete_command = app.add_subcommand("delete", "delete a row");
  delete_command->add_option("collection", line.collection)->required();
  delete_command->add_option("id", line.id)->required();
  delete_command->callback([&line] {
    line.command = [&line](Session s) { return erase(s, line.collection, line.id); };
  });

  auto* get_command = app.add_subcommand("get", "show a row");
  get_command->add_option("collection", line.collection)->required();
  get_command->add_option("id", line.id)->required();
  get_command->callback(
      [&line] { line.command = [&line](Session s) { return get(s, line.collection, line.id); }; });

  auto* sql_command = app.add_subcommand("sql", "read with SQL (writing is refused)");
  sql_command->add_option("statement", line.statement)->required();
  sql_command->callback(
      [&line] { line.command = [&line](Session s) { return sql(s, line.statement); }; });
}

void add_conflict_commands(CLI::App& app, Line& line) {
  auto* list = app.add_subcommand("conflicts", "values that lost a merge and wait for you");
  list->require_subcommand(0, 1);
  list->callback([&line, list] {
    if (list->get_subcommands().empty()) line.command = [](Session s) { return conflicts(s); };
  });
  auto* restore = list->add_subcommand("restore", "put a lost value back");
  restore->add_option("number", line.conflict, "as listed")->required();
  restore->callback([&line] {
    line.command = [&line](Session s) { return restore_conflict(s, line.conflict); };
  });
  auto* close = list->add_subcommand("close", "keep what stands");
  close->add_option("number", line.conflict, "as listed")->required();
  close->callback(
      [&line] { line.command = [&line](Session s) { return close_conflict(s, line.conflict); }; });

  auto* tray = app.add_subcommand("rejected", "writes that the server did not take");
  tray->require_subcommand(0, 1);
  tray->callback([&line, tray] {
    if (tray->get_subcommands().empty()) line.command = [](Session s) { return rejected(s); };
  });
  auto* retry = tray->add_subcommand("retry", "write it again on top of what is here now");
  retry->add_option("number", line.transaction, "as listed")->required();
  retry->callback([&line] {
    line.command = [&line](Session s) { return retry_rejected(s, line.transaction); };
  });
  auto* discard = tray->add_subcommand("discard", "forget it");
  discard->add_option("number", line.transaction, "as listed")->required();
  discard->callback([&line] {
    line.command = [&line](Session s) { return discard_rejected(s, line.transaction); };
  });
  tray->add_subcommand("export", "all of them with what they wrote, one JSON object a line")
      ->callback([&line] { line.command = [](Session s) { return export_rejected(s); }; });
}

void add_state_commands(CLI::App& app, Line& line) {
  auto* sync_command = app.add_subcommand("sync", "send and receive everything once");
  sync_command->add_flag("--watch", line.watch, "stay in sync until interrupted");
  sync_command->add_option("--attempts", line.attempts, "failed requests before giving up")
      ->check(CLI::Range(1, 100));
  sync_command->callback([&line] {
    line.command = [&line](Session s) { return line.watch ? watch(s) : sync(s, line.attempts); };
  });

  app.add_subcommand("status", "what is sent, what waits, when it last synced")->callback([&line] {
    line.command = [](Session s) { return status(s); };
  });

  auto* digest_command =
      app.add_subcommand("digest", "a number that equal replicas have in common");
  digest_command->add_option("--scope", line.scope, "only rows under this path");
  digest_command->add_flag("--content", line.content, "recompute it from the rows");
  digest_command->callback([&line] {
    line.command = [&line](Session s) { return digest(s, line.scope, line.content); };
  });
}

void add_captain_commands(CLI::App& app, Line& line) {
  auto* people = app.add_subcommand("people", "people whom this replica holds");
  people->require_subcommand(1);
  auto* find = people->add_subcommand("find", "by the beginnings of names");
  find->add_option("text", line.words)->required();
  find->add_option("--limit", line.limit)->check(CLI::Range(1, 1000));
  find->callback([&line] {
    line.command = [&line](Session s) { return people_find(s, line.words, line.limit); };
  });
  auto* show = people->add_subcommand("show", "one person: contacts, roles, trainings");
  show->add_option("person", line.person, "an id")->required();
  show->callback(
      [&line] { line.command = [&line](Session s) { return people_show(s, line.person); }; });

  auto* log = app.add_subcommand("log", "note a contact");
  log->add_option("person", line.person, "an id")->required();
  log->add_option("kind", line.kind, "door, call, text, meeting, ride, sign, other")->required();
  log->add_option("outcome", line.outcome, "such as home, not_home, refused")->required();
  log->add_option("note", line.note);
  log->callback([&line] {
    line.command = [&line](Session s) {
      return log_contact(s, line.person, line.kind, line.outcome, line.note);
    };
  });

  auto* roster_command = app.add_subcommand("roster", "who holds which role, and vacancies");
  roster_command->add_flag("--vacancies", line.vacancies, "only precincts without a captain");
  roster_command->callback(
      [&line] { line.command = [&line](Session s) { return roster(s, line.vacancies); }; });

  app.add_subcommand("events", "events, registered and admitted")->callback([&line] {
    line.command = [](Session s) { return events(s); };
  });

  auto* checkin = app.add_subcommand("checkin", "let somebody in; a double is seen");
  checkin->add_option("event", line.event, "an id")->required();
  checkin->add_option("who", line.person, "the id of a person or registration, or a ticket's code")
      ->required();
  checkin->add_option("--gate", line.gate, "name of this door");
  checkin->callback([&line] {
    line.command = [&line](Session s) { return check_in(s, line.event, line.person, line.gate); };
  });

  app.add_subcommand("trainings", "trainings, enrolled and completed")->callback([&line] {
    line.command = [](Session s) { return trainings(s); };
  });

  auto* train_command = app.add_subcommand("train", "how far somebody is in a training");
  train_command->add_option("offering", line.offering, "an id")->required();
  train_command->add_option("person", line.person, "an id")->required();
  train_command->add_option("state", line.state, "enrolled, started, attended or completed")
      ->required();
  train_command->callback([&line] {
    line.command = [&line](Session s) { return train(s, line.offering, line.person, line.state); };
  });
}

void add_grievance_commands(CLI::App& app, Line& line) {
  auto* grievance = app.add_subcommand("grievance", "what people told the listening team");
  grievance->require_subcommand(1);
  GrievanceWords& words = line.grievance;
  organizing::NewGrievance& made = words.grievance;

  auto* record = grievance->add_subcommand("record", "seal one for the team, and keep it");
  record->add_option("unit", made.unit, "where, such as nc/wake")->required();
  record->add_option("text", made.told.text, "what was told; none or -: read it from stdin");
  record->add_option("--reporter", made.told.reporter, "sealed: a name or pseudonym, if wanted");
  record->add_option("--harm", made.told.harm, "sealed: how bad it is");
  record->add_option("--wishes", made.told.wishes, "sealed: contact? share? with whom");
  record->add_option("--themes", made.themes, "NOT sealed, for the team's counts: never a name");
  record->add_option("--stop", made.stop, "the meeting, an event's id");
  record->add_option("--amends", made.amends, "the id of a grievance that this one corrects");
  record->add_flag("!--no-copy", made.author_copy, "do not seal it to this device's key as well");
  record->callback([&line] {
    line.command = [&line](Session s) { return record_grievance(s, line.grievance); };
  });

  grievance->add_subcommand("list", "those that are here, and which of them open")
      ->callback([&line] { line.command = [](Session s) { return list_grievances(s); }; });

  auto* open = grievance->add_subcommand("open", "read one");
  open->add_option("id", words.id)->required();
  open->add_option("--recovery", words.recovery_file,
                   "a file with the recovery key, or both halves");
  open->callback(
      [&line] { line.command = [&line](Session s) { return open_grievance(s, line.grievance); }; });
}

void add_key_commands(CLI::App& app, Line& line) {
  auto* keys = app.add_subcommand("keys", "who may open what is sealed");
  keys->require_subcommand(1);
  KeyWords& words = line.keys;

  auto* make = keys->add_subcommand("new", "make this device's key, once");
  make->add_option("--admin", words.admin, "the admin's public key, from the admin in person")
      ->required();
  make->callback([&line] { line.command = [&line](Session s) { return new_keys(s, line.keys); }; });

  keys->add_subcommand("show", "this device's key, whom it trusts, and the team")
      ->callback([&line] { line.command = [](Session s) { return show_keys(s); }; });

  auto* admin = keys->add_subcommand("admin", "make an admin's secret key in a file");
  admin->add_option("file", words.admin_file, "a new file")->required();
  admin->callback(
      [&line] { line.command = [&line](Session s) { return new_admin(s, line.keys); }; });

  auto* team = keys->add_subcommand("team", "the admin's: sign the team's next version");
  auto* succeed = keys->add_subcommand("succeed", "name a new admin, with the recovery key");
  for (CLI::App* command : {team, succeed}) {
    command
        ->add_option("--admin-file", words.admin_file,
                     "the admin's secret key; of a successor, hers")
        ->required();
    command->add_option("--add", words.add, "KEY=NAME; may be repeated")->allow_extra_args(false);
    command->add_option("--remove", words.remove, "a name or key; may be repeated")
        ->allow_extra_args(false);
    command->callback(
        [&line] { line.command = [&line](Session s) { return sign_team(s, line.keys); }; });
  }
  team->add_option("--team", words.team, "what the team is called when it begins");
  succeed
      ->add_option("--recovery", words.recovery_file,
                   "a file with the recovery key, or both halves")
      ->required();
}

void add_enroll_command(CLI::App& app, Line& line) {
  auto* enroll = app.add_subcommand("enroll", "set this device up with an invitation");
  enroll->add_option("link", line.link, "the invitation's link");
  enroll->add_option("--server", line.url, "with a typed code: the server's address");
  enroll->add_option("--space", line.space, "with a typed code: the space, such as nc");
  enroll->add_option("--code", line.code, "eight typed characters");
  enroll->add_option("--label", line.label, "what this device is called");
  enroll->callback([&line] { line.enrolls = true; });
}

Exit run_enroll(Terminal& terminal, const Line& line) {
  if (line.link.empty() && (line.url.empty() || line.space.empty() || line.code.empty())) {
    return terminal.misused("enroll wants the invitation's link, or --server, --space and --code");
  }
  auto key = file_key(line.key_file);
  if (!key) return terminal.fail(key.error());
  auto replica = line.link.empty() ? client::Replica::enroll_with_code(
                                         line.db, line.url, line.space, line.code, line.label, *key)
                                   : client::Replica::enroll(line.db, line.link, line.label, *key);
  if (!replica) return terminal.fail(replica.error());
  if (terminal.json()) return status({terminal, *replica});
  const auto told = replica->status();
  if (!told) return terminal.fail(told.error());
  const auto status = nlohmann::json::parse(*told);
  terminal.print(fmt::format("enrolled in {} as device {}; now run `rollcall sync`",
                             status["space"].get<std::string>(),
                             status["device"].get<std::string>()));
  return Exit::done;
}

Exit run(int argc, char** argv) {
  CLI::App app("Rollcall: precinct work that does not wait for a signal.", "rollcall");
  app.set_version_flag("--version", rollcall_version());
  app.require_subcommand(1);
  app.fallthrough();
  Line line;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet.
  if (const char* from_environment = std::getenv("ROLLCALL_DB")) line.db = from_environment;
  app.add_option("--db", line.db, "the replica's file; or $ROLLCALL_DB");
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  if (const char* from_environment = std::getenv("ROLLCALL_KEY_FILE")) {
    line.key_file = from_environment;
  }
  app.add_option("--key-file", line.key_file,
                 "the file's key, 64 hex digits; or $ROLLCALL_KEY_FILE");
  app.add_flag("--json", line.json, "one JSON object, or one a line for lists");
  add_enroll_command(app, line);
  add_state_commands(app, line);
  add_row_commands(app, line);
  add_conflict_commands(app, line);
  add_captain_commands(app, line);
  add_grievance_commands(app, line);
  add_key_commands(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);  // help or the version was asked for
      return Exit::done;
    }
    return Terminal(line.json).misused(std::string(error.what()) + "; see rollcall --help");
  }
  Terminal terminal(line.json);
  if (line.db.empty()) {
    return terminal.misused("which replica? Say --db FILE, or set ROLLCALL_DB");
  }
  if (line.enrolls) return run_enroll(terminal, line);
  auto key = file_key(line.key_file);
  if (!key) return terminal.fail(key.error());
  auto replica = client::Replica::open(line.db, organizing::not_conflicts, *key,
                                       std::string("rollcall ") + rollcall_version());
  if (!replica) return terminal.fail(replica.error());
  return line.command({terminal, *replica});
}

}  // namespace
}  // namespace rollcall::captain

int main(int argc, char** argv) { return static_cast<int>(rollcall::captain::run(argc, argv)); }
