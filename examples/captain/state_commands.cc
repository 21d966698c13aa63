#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX

#include <atomic>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "examples/captain/commands.h"
#include "examples/organizing/organizing.h"

// status, digest, conflicts, rejected, sync: where things stand, and moving them.

namespace rollcall::captain {
namespace {

using nlohmann::json;

std::atomic<bool> interrupted{false};

std::string shown_value(const json& value) {
  if (value.is_null()) return "(empty)";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string short_id(const json& id) { return id.get<std::string>().substr(0, 13); }

// What of a status a person has to do something about.
// What is wrong and what to do, or nothing.
std::string trouble(const json& status) {
  const auto& state = status["state"].get_ref<const std::string&>();
  if (state == "locked") {
    return "no word from the server for longer than this device's lease: sync once to open it "
           "again; what is not sent yet is kept";
  }
  if (state == "revoked") {
    return "this device was shut out: what is not sent yet is kept until the server has it; ask an "
           "organizer for a new invitation";
  }
  if (state == "erased") {
    return "this device was shut out and its data erased: ask an organizer for a new invitation, "
           "and enrol into a new file";
  }
  if (state == "forked") {
    return "this file was copied or restored from a backup: sync, and it goes on as another "
           "device; "
           "if that does not help today, an organizer has to allow it. Local work is kept";
  }
  if (state == "gap") {
    return "the server was restored and lacks what this device sent long ago: nothing is sent; "
           "tell whoever runs the server, and keep this file";
  }
  if (state == "rolled_back") {
    return "the server answers from an old copy of its data: nothing is read from it, and local "
           "work "
           "is kept; tell whoever runs the server";
  }
  if (state == "behind") {
    return "the server was restored and lacks what this device sent: it is sent again, and news "
           "wait for that";
  }
  if (state == "diverged") {
    return "rows differ from the server's and did not heal: tell whoever runs the server";
  }
  // The summary of a sync has neither.
  if (status.value("newer_schema_version", 0) > status.value("schema_version", 0)) {
    return "the server's schema is newer than this program can take: sync again, and if this "
           "stays, "
           "update the program; what is written here is sent all the same";
  }
  return {};
}

bool waits_for_user(const json& status) {
  return !trouble(status).empty() || status["rejected"].get<std::uint64_t>() +
                                             status["parked"].get<std::uint64_t>() +
                                             status["conflicts"].get<std::uint64_t>() >
                                         0;
}

Exit done_quietly(Session session, const client::Done& done, std::string_view said) {
  if (!done) return session.terminal.fail(done.error());
  if (session.terminal.json()) {
    session.terminal.print_json({{"done", true}});
  } else {
    session.terminal.print(said);
  }
  return Exit::done;
}

// The replica's status, and what the domain counts.
client::Outcome<json> status_of(Session session) {
  const auto told = session.replica.status();
  if (!told) return told.error();
  json status = json::parse(*told);
  status["doubles"] = nullptr;
  // Then no row is shown; what is unsent is told, and syncing goes on all the same.
  const std::string state = status["state"];
  if (state == "locked" || state == "revoked" || state == "erased") return status;
  const auto doubles = organizing::Organizing(session.replica).doubles();
  if (!doubles) return doubles.error();
  status["doubles"] = *doubles;
  return status;
}

// The open conflict that was listed with this number.
client::Outcome<json> conflict_numbered(Session session, std::size_t number) {
  const auto listed = session.replica.conflicts();
  if (!listed) return listed.error();
  for (json& conflict : json::parse(*listed)) {
    if (conflict["number"] == number) return std::move(conflict);
  }
  return client::Failure{
      ROLLCALL_E_NOT_FOUND,
      fmt::format("no conflict {} is open; `rollcall conflicts` lists those that are", number)};
}

std::string shown_field(const json& conflict) {
  return fmt::format("{} {}, {}", conflict["collection"].get<std::string>(),
                     short_id(conflict["id"]), conflict["field"].get<std::string>());
}

}  // namespace

Exit status(Session session) {
  const auto told = status_of(session);
  if (!told) return session.terminal.fail(told.error());
  const json& status = *told;
  if (session.terminal.json()) {
    session.terminal.print_json(status);
    return Exit::done;
  }
  const auto count = [&](const char* key) { return status[key].get<std::uint64_t>(); };
  const std::int64_t last =
      status["last_sync_ms"].is_null() ? 0 : status["last_sync_ms"].get<std::int64_t>();
  std::vector<std::vector<std::string>> rows{
      {"device", status["device"].get<std::string>() + "  " + status["label"].get<std::string>()},
      {"space",
       status["space"].get<std::string>() + "  " + status["space_title"].get<std::string>()},
      {"server", status["url"].get<std::string>()},
      {"last sync", shown_time(last) + (last == 0 ? "" : " UTC")},
      {"not yet sent",
       fmt::format("{} transaction{}", count("pending"), count("pending") == 1 ? "" : "s")},
      {"rejected", fmt::format("{}", count("rejected"))},
      {"parked", fmt::format("{} ({} of them wait for the server)",
                             count("parked") + count("waiting"), count("waiting"))},
      {"conflicts", fmt::format("{}", count("conflicts"))},
      {"digest", status["digest"].get<std::string>()},
  };
  for (const json& grant : status["grants"]) rows.push_back({"sees", grant["path"]});
  if (status["state"] != "ok") rows.insert(rows.begin(), {"state", status["state"]});
  if (const auto skew = status["skew_ms"].get<std::int64_t>(); skew > 60'000 || skew < -60'000) {
    rows.push_back({"clock", fmt::format("this device's clock is {} s off", -skew / 1000)});
  }
  for (const auto& row : rows) session.terminal.print(fmt::format("{:<14}{}", row[0], row[1]));
  if (const std::string what = trouble(status); !what.empty()) {
    session.terminal.note("rollcall: " + what);
  }
  return Exit::done;
}

Exit digest(Session session, const std::string& scope, bool content) {
  const auto told = session.replica.digest(scope, content);
  if (!told) return session.terminal.fail(told.error());
  const json digest = json::parse(*told);
  if (session.terminal.json()) {
    session.terminal.print_json(digest);
  } else {
    session.terminal.print(digest["digest"].get<std::string>());
  }
  return Exit::done;
}

Exit conflicts(Session session) {
  const auto told = session.replica.conflicts();
  if (!told) return session.terminal.fail(told.error());
  const json list = json::parse(*told);
  std::vector<std::vector<std::string>> rows;
  for (const json& conflict : list) {
    if (session.terminal.json()) {
      session.terminal.print_json(conflict);
      continue;
    }
    rows.push_back({std::to_string(conflict["number"].get<std::size_t>()),
                    conflict["collection"].get<std::string>() + " " + short_id(conflict["id"]),
                    conflict["field"], shown_value(conflict["value"]),
                    shown_value(conflict["losing"]),
                    conflict["by"].get<std::string>() + ", " +
                        shown_time(conflict["at_ms"].get<std::int64_t>())});
  }
  if (session.terminal.json()) return Exit::done;
  if (rows.empty()) {
    session.terminal.print("no conflicts");
    return Exit::done;
  }
  session.terminal.print_table({"no.", "row", "field", "stands", "lost", "lost one by, at"}, rows);
  const auto status = status_of(session);
  if (!status) return session.terminal.fail(status.error());
  if (const auto open = (*status)["conflicts"].get<std::uint64_t>(); open > rows.size()) {
    session.terminal.note(fmt::format("the first {} of {} conflicts", rows.size(), open));
  }
  session.terminal.note(
      "put a lost value back with `rollcall conflicts restore N`, or keep what "
      "stands with `rollcall conflicts close N`");
  return Exit::done;
}

Exit restore_conflict(Session session, std::size_t number) {
  const auto found = conflict_numbered(session, number);
  if (!found) return session.terminal.fail(found.error());
  const json& conflict = *found;
  return done_quietly(
      session, session.replica.restore_conflict(conflict["conflict"].get<std::string>()),
      fmt::format("restored {}: {}", shown_field(conflict), shown_value(conflict["losing"])));
}

Exit close_conflict(Session session, std::size_t number) {
  const auto found = conflict_numbered(session, number);
  if (!found) return session.terminal.fail(found.error());
  const json& conflict = *found;
  return done_quietly(
      session, session.replica.close_conflict(conflict["conflict"].get<std::string>()),
      fmt::format("closed {}: {} stands", shown_field(conflict), shown_value(conflict["value"])));
}

Exit rejected(Session session) {
  const auto told = session.replica.tray();
  if (!told) return session.terminal.fail(told.error());
  std::vector<std::vector<std::string>> rows;
  for (const json& entry : json::parse(*told)) {
    if (session.terminal.json()) {
      session.terminal.print_json(entry);
      continue;
    }
    rows.push_back({std::to_string(entry["number"].get<std::uint64_t>()), entry["verdict"],
                    entry["code"], shown_time(entry["at_ms"].get<std::int64_t>()),
                    shown_value(entry["reason"])});
  }
  if (session.terminal.json()) return Exit::done;
  if (rows.empty()) {
    session.terminal.print("nothing was rejected or parked");
    return Exit::done;
  }
  session.terminal.print_table({"no.", "verdict", "code", "written", "why"}, rows);
  session.terminal.note(
      "`rollcall rejected export` shows what they wrote; `retry N` writes one "
      "again, `discard N` forgets it");
  return Exit::done;
}

Exit retry_rejected(Session session, std::uint64_t number) {
  return done_quietly(session, session.replica.tray_retry(number), "written again");
}

Exit discard_rejected(Session session, std::uint64_t number) {
  return done_quietly(session, session.replica.tray_discard(number), "discarded");
}

Exit export_rejected(Session session) {
  const auto told = session.replica.tray();
  if (!told) return session.terminal.fail(told.error());
  for (const json& entry : json::parse(*told)) {
    const auto exported = session.replica.tray_export(entry["number"].get<std::uint64_t>());
    if (!exported) return session.terminal.fail(exported.error());
    session.terminal.print_json(json::parse(*exported));
  }
  return Exit::done;
}

Exit sync(Session session, std::int32_t attempts) {
  std::string told;
  const auto done = session.replica.sync(
      [&](const client::SyncProgress& progress) {
        session.terminal.progress(progress);
        return true;
      },
      &told, attempts);
  session.terminal.end_progress();
  if (!done) return session.terminal.fail(done.error());
  const json summary = json::parse(told);
  const bool waiting = waits_for_user(summary);
  if (session.terminal.json()) {
    session.terminal.print_json(summary);
  } else {
    session.terminal.print(
        fmt::format("{}: {} sent, {} received, {:.1f} s",
                    !trouble(summary).empty() ? "not finished"
                    : summary["pending"] == 0 ? "in sync"
                                              : "everything received",
                    shown_bytes(summary["sent"].get<std::uint64_t>()),
                    shown_bytes(summary["received"].get<std::uint64_t>()),
                    static_cast<double>(summary["ms"].get<std::int64_t>()) / 1000));
    if (const std::string what = trouble(summary); !what.empty()) {
      session.terminal.note("rollcall: " + what);
    } else if (waiting) {
      session.terminal.note(fmt::format(
          "waiting for you: {} conflicts (`rollcall conflicts`), {} rejected, {} parked "
          "(`rollcall rejected`)",
          summary["conflicts"].get<std::uint64_t>(), summary["rejected"].get<std::uint64_t>(),
          summary["parked"].get<std::uint64_t>()));
    }
  }
  return waiting ? Exit::waiting : Exit::done;
}

Exit watch(Session session) {
  struct sigaction stop {};
  stop.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &stop, nullptr);
  sigaction(SIGTERM, &stop, nullptr);
  std::string last;
  while (!interrupted) {
    const auto wait = session.replica.sync_step(500);
    if (!wait) return session.terminal.fail(wait.error());
    const auto told = status_of(session);
    if (!told) return session.terminal.fail(told.error());
    const json& status = *told;
    const std::string line =
        fmt::format("{}: {} not yet sent, {} rejected, {} parked, {} conflicts, digest {}",
                    status["state"].get<std::string>(), status["pending"].get<std::uint64_t>(),
                    status["rejected"].get<std::uint64_t>(), status["parked"].get<std::uint64_t>(),
                    status["conflicts"].get<std::uint64_t>(), status["digest"].get<std::string>());
    if (line == last) continue;
    last = line;
    if (session.terminal.json()) {
      session.terminal.print_json(status);
    } else {
      session.terminal.print(line);
    }
    std::fflush(stdout);
  }
  return Exit::done;
}

}  // namespace rollcall::captain
