// The program rollcall-server: its command line. Results go to stdout, progress and errors to
// stderr. Exit: 0 done, 1 refused or failed, 2 usage.

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): POSIX
#include <unistd.h>

#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "server/commands/backup_commands.h"
#include "server/commands/compact_command.h"
#include "server/commands/data_commands.h"
#include "server/commands/device_commands.h"
#include "server/commands/limits.h"
#include "server/commands/parked_commands.h"
#include "server/commands/personal_commands.h"
#include "server/commands/readmission_commands.h"
#include "server/commands/restore_commands.h"
#include "server/commands/serve.h"
#include "server/commands/server_config.h"
#include "server/commands/space_commands.h"

namespace rollcall {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

// What `serve` was told beside its settings file.
struct ServeFlags {
  std::optional<std::string> listen;
  std::optional<std::string> tls_certificate;
  std::optional<std::string> tls_key;
  bool no_tls_pin = false;
  bool behind_proxy = false;
  std::optional<std::string> log;

  void put_over(ServeOptions& options) const {
    if (listen) options.listen = *listen;
    if (tls_certificate) options.tls_certificate = *tls_certificate;
    if (tls_key) options.tls_key = *tls_key;
    if (no_tls_pin) options.pins_tls = false;
    if (behind_proxy) options.behind_proxy = true;
    if (log) options.log = *log_level(*log);
  }
};

// What the command line said; each command reads its own part.
struct Arguments {
  std::string folder;
  std::string space;
  std::string schema;
  std::string url;
  std::string title;
  std::string label;
  std::vector<std::string> scopes;
  std::string scope;
  std::string device;
  std::string collection;
  std::string row;
  std::string format = "csv";
  std::vector<std::string> mapped;
  bool json = false;
  bool erase = false;
  std::int64_t number = 0;
  std::int64_t days = retention_days;
  PersonalErasure erasure;
  std::string to;
  std::string from;
  ReconcileArguments reconcile;
  std::optional<std::size_t> keep;
  InvitationShown shown;
  std::string config;
  ServeFlags serve;
  ImportArguments import;
};

class CommandLine {
 public:
  explicit CommandLine(const Program& program) : program_(program) {
    app_.require_subcommand(1);
    app_.get_formatter()->column_width(32);
    app_.fallthrough();
    app_.add_option("--config", a_.config,
                    "settings file (TOML): see 'rollcall-server config check'; flags override it");
    add_spaces();
    add_devices();
    add_parked();
    add_readmission();
    add_data();
    add_personal();
    add_backups();
    add_serve();
    add_config();
  }

  int run(int count, char** words) {
    try {
      app_.parse(count, words);
    } catch (const CLI::ParseError& problem) {
      if (problem.get_exit_code() == 0) return app_.exit(problem, program_.out, program_.err);
      std::string told = problem.what();
      told = told.substr(0, told.find('\n'));
      program_.err << "rollcall-server: " << told << "; see rollcall-server --help\n";
      return exit_usage;
    }
    // What SQLite writes for a while goes to where the data lies: to its owner's disk, with its
    // room. No other thread runs yet.
    if (const auto settings = config()) {
      ::setenv("SQLITE_TMPDIR", settings->folder.c_str(), 0);  // NOLINT(concurrency-mt-unsafe)
    }
    const Result<void> done = chosen_();
    program_.out << std::flush;
    if (done) return 0;
    program_.err << "rollcall-server: " << done.error().message << "\n";
    return done.error().code == ErrorCode::invalid_argument ? exit_usage : exit_failed;
  }

 private:
  using Command = std::function<Result<void>()>;

  CLI::App* add(CLI::App& under, const std::string& name, const std::string& about,
                Command command) {
    CLI::App* app = under.add_subcommand(name, about);
    app->final_callback([this, command = std::move(command)] { chosen_ = command; });
    app->fallthrough();
    app->add_option("DIR", a_.folder, "the server's folder")->required();
    return app;
  }
  // Of a command that names nothing but the folder, and may take it from the settings file.
  static CLI::App* with_config(CLI::App* app) {
    app->get_option("DIR")->required(false);
    return app;
  }
  // What the settings file says; without one, the defaults.
  Result<ServerConfig> config() const {
    ServerConfig config;
    if (!a_.config.empty()) {
      ROLLCALL_TRY_ASSIGN(config, ServerConfig::read(a_.config));
    }
    if (!a_.folder.empty()) config.folder = a_.folder;
    if (!config.folder.empty()) return config;
    return failure(ErrorCode::invalid_argument,
                   "which folder? Name DIR, or a --config FILE that names it");
  }
  CLI::App* with_space(CLI::App* app) {
    app->add_option("SPACE", a_.space, "the space's short name, such as nc")->required();
    return app;
  }
  CLI::App* with_json(CLI::App* app) {
    app->add_flag("--json", a_.json, "print JSON, one object a line");
    return app;
  }
  void with_drawing(CLI::App* app) {
    CLI::Option* json = app->add_flag("--json", a_.shown.json, "print JSON, one object a line");
    app->add_flag("--qr", a_.shown.draw, "draw the link as a QR code, even where not on a terminal")
        ->excludes(json);
    app->add_option("--qr-png", a_.shown.png, "write the link's QR code to this PNG file");
  }
  CLI::App* group(const std::string& name, const std::string& about) {
    return app_.add_subcommand(name, about)->require_subcommand(1)->fallthrough();
  }

  void add_spaces() {
    CLI::App* init = add(app_, "init", "make a server's folder",
                         [this] { return init_command(a_.folder, a_.schema, a_.url, program_); });
    init->add_option("--schema", a_.schema, "folder of the schema's JSON files")->required();
    init->add_option("--url", a_.url, "public address that invitations carry");

    CLI::App* space = group("space", "tenants, each with a file of its own");
    CLI::App* make = with_space(add(*space, "add", "make a space", [this] {
      return space_add_command(a_.folder, a_.space, a_.title, program_);
    }));
    make->add_option("--name", a_.title, "its name for people")->required();
    with_json(add(*space, "list", "list the spaces",
                  [this] { return space_list_command(a_.folder, a_.json, program_); }));

    CLI::App* schema = group("schema", "what the spaces' collections hold");
    const auto from = [this](CLI::App* app) {
      app->add_option("PATH", a_.schema, "folder of the schema's JSON files")->required();
    };
    from(add(*schema, "check", "say whether the spaces may go on with this schema",
             [this] { return schema_check_command(a_.folder, a_.schema, program_); }));
    from(add(*schema, "apply", "give this schema to all spaces, or to none",
             [this] { return schema_apply_command(a_.folder, a_.schema, program_); }));
  }

  void add_devices() {
    CLI::App* invite = with_space(add(app_, "invite", "let one device in", [this] {
      return invite_command(a_.folder, a_.space, a_.label, a_.scopes, a_.shown, program_);
    }));
    invite->add_option("--label", a_.label, "whose device it will be")->required();
    invite->add_option("--scope", a_.scopes, "a path that it may read and write; may be repeated");

    with_drawing(invite);

    CLI::App* device = group("device", "who may read and write what");
    with_json(with_space(add(*device, "list", "list the devices", [this] {
      return device_list_command(a_.folder, a_.space, a_.json, program_);
    })));
    const auto one = [this](CLI::App* app) {
      app->add_option("DEVICE", a_.device, "its eight digits, or its label")->required();
      return app;
    };
    with_json(one(with_space(add(*device, "show", "show one device", [this] {
      return device_show_command(a_.folder, a_.space, a_.device, a_.json, program_);
    }))));
    CLI::App* revoke = one(with_space(add(*device, "revoke", "shut it out for ever", [this] {
      return device_revoke_command(a_.folder, a_.space, a_.device, a_.erase, program_);
    })));
    revoke->add_flag("--erase", a_.erase,
                     "erase it at its next contact, with what it has not sent");
    with_drawing(
        one(with_space(add(*device, "replace", "invite its successor, which shuts it out", [this] {
          return device_replace_command(a_.folder, a_.space, a_.device, a_.shown, program_);
        }))));
    one(with_space(add(*device, "allow-fork", "let a twice copied file go on once more", [this] {
      return device_allow_fork_command(a_.folder, a_.space, a_.device, program_);
    })));
    for (const bool grant : {true, false}) {
      CLI::App* app =
          one(with_space(add(*device, grant ? "grant" : "ungrant",
                             grant ? "give it a path" : "end its grant of a path", [this, grant] {
                               return device_grant_command(a_.folder, a_.space, a_.device, a_.scope,
                                                           grant, program_);
                             })));
      app->add_option("--scope", a_.scope, "the path, such as unit/nc/wake")->required();
    }
  }

  void add_readmission() {
    CLI::App* readmission =
        group("readmission", "devices that a restored backup does not know and that come back");
    with_json(with_space(add(*readmission, "list", "who asks to be let in again", [this] {
      return readmission_list_command(a_.folder, a_.space, a_.json, program_);
    })));
    for (const bool accept : {true, false}) {
      CLI::App* app = with_space(
          add(*readmission, accept ? "accept" : "refuse",
              accept ? "let it in under its key and its grants of then" : "never let it in again",
              [this, accept] {
                return readmission_decide_command(a_.folder, a_.space, a_.device, accept, program_);
              }));
      app->add_option("DEVICE", a_.device, "its eight digits, as the list shows them")->required();
    }
  }

  void add_parked() {
    CLI::App* parked = group("parked", "what waits for somebody's decision");
    with_json(with_space(add(*parked, "list", "who wants to write what", [this] {
      return parked_list_command(a_.folder, a_.space, a_.json, program_);
    })));
    for (const bool accept : {true, false}) {
      CLI::App* app = with_space(add(
          *parked, accept ? "accept" : "refuse",
          accept ? "let it take effect" : "let it stand in the log without effect", [this, accept] {
            return parked_decide_command(a_.folder, a_.space, a_.number, accept, program_);
          }));
      app->add_option("NUMBER", a_.number, "as the list shows it")->required();
    }
  }

  void add_data() {
    const auto collection = [this](CLI::App* app) {
      app->add_option("COLLECTION", a_.collection, "its name in the schema")->required();
      return app;
    };
    CLI::App* import = collection(
        with_space(add(app_, "import", "write a file's rows; the same file again changes nothing",
                       [this] { return run_import(); })));
    import->add_option("FILE", a_.import.file, "a .csv or .jsonl file")->required();
    import->add_option("--key", a_.import.options.key, "fields that tell a row from all others")
        ->delimiter(',');
    import->add_option("--map", a_.mapped, "COLUMN=FIELD; may be repeated");
    import->add_flag("--dry-run", a_.import.dry_run, "say what would be written, write nothing");
    import->add_option("--errors", a_.import.errors_file, "JSON lines of what was refused");

    CLI::App* out = collection(with_space(add(app_, "export", "print a collection's rows", [this] {
      return export_command(a_.folder, a_.space, a_.collection, a_.format, program_);
    })));
    out->add_option("--format", a_.format, "csv (no cell of it runs as a formula) or jsonl")
        ->check(CLI::IsMember({"csv", "jsonl"}));

    CLI::App* digest = with_json(with_space(add(app_, "digest", "one sum over all rows", [this] {
      const bool whole = a_.scope.empty();
      return digest_command(a_.folder, a_.space,
                            whole ? std::nullopt : std::optional<std::string>(a_.scope), a_.json,
                            program_);
    })));
    digest->add_option("--scope", a_.scope, "only what this path covers");

    CLI::App* history = with_json(
        collection(with_space(add(app_, "history", "every transaction that named a row", [this] {
          return history_command(a_.folder, a_.space, a_.collection, a_.row, a_.json, program_);
        }))));
    history->add_option("ID", a_.row, "the row's id")->required();
  }

  void add_personal() {
    CLI::App* personal = group("personal", "what a space holds about one person");
    const auto one = [this](CLI::App* app) {
      app->add_option("ID", a_.erasure.id, "the id of the person's row")->required();
      return app;
    };
    one(with_space(add(*personal, "export", "print every row that is hers or names her", [this] {
      return personal_export_command(a_.folder, a_.space, a_.erasure.id, program_);
    })));
    CLI::App* erase = one(with_space(
        add(*personal, "erase", "take these rows away, here and on every device", [this] {
          a_.erasure.folder = a_.folder;
          a_.erasure.space = a_.space;
          return personal_erase_command(a_.erasure, program_);
        })));
    erase->add_option("--reason", a_.erasure.reason, "why, for the record")->required();
    erase->add_option("--keep", a_.erasure.kept,
                      "a collection whose rows stay though they name her; may be repeated");
    erase->add_flag("--dry-run", a_.erasure.dry_run, "say what would go, change nothing");
  }

  void add_backups() {
    CLI::App* backup = with_config(add(app_, "backup", "copy everything, while serve runs too",
                                       [this] { return run_backup(); }));
    backup->add_option("--to", a_.to, "the folder that gets a new folder for it");
    backup->add_option("--keep", a_.keep, "remove all but the newest so many");

    CLI::App* compact = with_config(
        add(app_, "compact", "forget what was deleted or left long ago, while serve runs too",
            [this]() -> Result<void> {
              ROLLCALL_TRY_ASSIGN(const ServerConfig found, config());
              return compact_command(found.folder, a_.space, a_.days, program_);
            }));
    compact->add_option("--space", a_.space, "only this one");
    compact->add_option("--older-than", a_.days, "days since it came to the server")
        ->check(CLI::Range(retention_days_min, retention_days_max))
        ->capture_default_str();

    with_json(with_config(add(app_, "verify", "check a server's folder or a backup from end to end",
                              [this]() -> Result<void> {
                                ROLLCALL_TRY_ASSIGN(const ServerConfig found, config());
                                return verify_command(found.folder, a_.json, program_);
                              })));

    CLI::App* restore =
        add(app_, "restore", "put a backup's spaces in place, in a new epoch",
            [this] { return restore_command(a_.folder, a_.from, a_.space, program_); });
    restore->add_option("--from", a_.from, "a folder that backup made")->required();
    restore->add_option("--space", a_.space, "only this one");

    CLI::App* reconcile =
        with_space(add(app_, "reconcile", "revoke again what a restored file forgot", [this] {
          return reconcile_command(a_.folder, a_.space, a_.reconcile, program_);
        }));
    reconcile->add_option("--list", a_.reconcile.list,
                          "the space's list of revocations, elsewhere");
    reconcile->add_option("--device", a_.reconcile.devices,
                          "one that was revoked; may be repeated");
    reconcile->add_flag("--none", a_.reconcile.none, "nothing was revoked since the backup");
  }

  void add_serve() {
    CLI::App* app =
        with_config(add(app_, "serve", "answer devices until SIGTERM", [this]() -> Result<void> {
          ROLLCALL_TRY_ASSIGN(const ServerConfig begun, config());
          const auto settings = [this]() -> Result<ServeOptions> {
            ROLLCALL_TRY_ASSIGN(ServerConfig now, config());
            a_.serve.put_over(now.serve);
            return now.serve;
          };
          return serve(begun.folder, settings, program_);
        }));
    app->add_option("--listen", a_.serve.listen,
                    "address and port, 127.0.0.1:8080 unless said; port 0: a free one; without TLS "
                    "on loopback only");
    CLI::Option* certificate =
        app->add_option("--tls-cert", a_.serve.tls_certificate,
                        "PEM file: the server's TLS certificate, then its chain; SIGHUP reads it "
                        "again");
    CLI::Option* key = app->add_option("--tls-key", a_.serve.tls_key, "PEM file: its key");
    certificate->needs(key);
    key->needs(certificate);
    app->add_flag("--no-tls-pin", a_.serve.no_tls_pin,
                  "invitations name no TLS key: for one that changes with each renewal");
    app->add_flag("--behind-proxy", a_.serve.behind_proxy,
                  "plain HTTP on an address that nobody but a TLS proxy can reach")
        ->excludes(certificate);
    app->add_option("--log", a_.serve.log, "debug, info, warn, error or off; info unless said")
        ->check(CLI::IsMember(
            std::vector<std::string>(log_level_names.begin(), log_level_names.end())));
  }

  void add_config() {
    CLI::App* check =
        group("config", "the settings file")
            ->add_subcommand("check", "read it, try what it names, print what counts");
    check->add_option("FILE", a_.config, "the settings file")->required();
    check->final_callback(
        [this] { chosen_ = [this] { return config_check_command(a_.config, program_); }; });
  }

  Result<void> run_backup() {
    ROLLCALL_TRY_ASSIGN(const ServerConfig found, config());
    const std::string& to = a_.to.empty() ? found.backup_to : a_.to;
    if (to.empty()) {
      return failure(ErrorCode::invalid_argument,
                     "where to? Say --to FOLDER, or 'to' under [backup] of the settings file");
    }
    return backup_command(found.folder, to, a_.keep ? a_.keep : found.backup_keep, program_);
  }

  Result<void> run_import() {
    a_.import.folder = a_.folder;
    a_.import.space = a_.space;
    a_.import.collection = a_.collection;
    for (const std::string& pair : a_.mapped) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
        return failure(ErrorCode::invalid_argument, "--map wants COLUMN=FIELD, not '" + pair + "'");
      }
      a_.import.options.columns[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    return import_command(a_.import, program_);
  }

  const Program& program_;
  CLI::App app_{"Rollcall's server: keeps each space's log, and answers devices",
                "rollcall-server"};
  Arguments a_;
  Command chosen_;
};

}  // namespace
}  // namespace rollcall

int main(int count, char** words) {
  const rollcall::SystemClock clock;
  rollcall::SystemRandom random;
  const rollcall::SodiumCryptography cryptography;
  const rollcall::Program program{clock,
                                  random,
                                  cryptography,
                                  std::cout,
                                  std::cerr,
                                  ::isatty(STDERR_FILENO) == 1,
                                  ::isatty(STDOUT_FILENO) == 1};
  return rollcall::CommandLine(program).run(count, words);
}
