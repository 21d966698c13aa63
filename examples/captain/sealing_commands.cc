#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "examples/captain/commands.h"
#include "examples/organizing/grievances.h"

// grievance, keys: what the listening team says. Secrets come from files and go to files or, once,
// to the screen: never on the command line, which everybody on a machine can read.

namespace rollcall::captain {
namespace {

using client::Failure;
using client::Outcome;
using nlohmann::json;
using organizing::Grievances;

// Of a file with a secret or a told text, in bytes: both are shorter.
constexpr std::size_t input_bytes_max = 64'000;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Outcome<std::string> content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  char c = 0;
  while (text.size() <= input_bytes_max && in.get(c)) text.push_back(c);
  if (text.empty() || text.size() > input_bytes_max) {
    return Failure{ROLLCALL_E_IO, path + ": there is no key in it, or it cannot be read"};
  }
  return text;
}

// Without the line's end.
std::string from_stdin() {
  std::string text;
  char c = 0;
  while (text.size() <= input_bytes_max && std::cin.get(c)) text.push_back(c);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// A new file that only its owner reads.
Outcome<client::Nothing> write_secret(const std::string& path, const std::string& text) {
  const auto failed = [&](const std::string& why) {
    return Failure{errno == EEXIST ? ROLLCALL_E_ALREADY_EXISTS : ROLLCALL_E_IO,
                   fmt::format("{}: {}; name another file", path, why)};
  };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed(std::generic_category().message(errno));
  const std::string line = text + "\n";
  const bool written =
      ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(file) == 0;
  if (::close(file) != 0 || !written) {
    ::unlink(path.c_str());
    return failed("it could not be written");
  }
  return client::Nothing{};
}

json json_of(const organizing::GrievanceLine& line) {
  return {{"id", line.id},          {"at_ms", line.at_ms},   {"unit", line.unit},
          {"themes", line.themes},  {"amends", line.amends}, {"opens", line.opens},
          {"version", line.version}};
}

void warn_of(Session session, const organizing::TeamNews& news) {
  for (const std::string& refused : news.refused) session.terminal.note("rollcall: " + refused);
}

// The recovery key is told once, before the list that names it exists anywhere.
bool tell_recovery(Session session, const std::string& report) {
  const json made = json::parse(report);
  if (!made.contains("recovery")) return true;
  const Terminal& terminal = session.terminal;
  if (terminal.json()) {
    terminal.print_json({{"recovery", made["recovery"]}, {"halves", made["halves"]}});
  } else {
    terminal.print("The recovery key opens every grievance. It is shown now and never again:");
    terminal.print("  " + made["recovery"].get<std::string>());
    terminal.print(
        "Print it, keep it offline. Two admins together may stand in for it, with a half each:");
    for (const json& half : made["halves"]) terminal.print("  " + half.get<std::string>());
  }
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

// What rollcall_sealing_sign wants.
Outcome<std::string> change_of(const KeyWords& words) {
  auto admin = content_of(words.admin_file);
  if (!admin) return admin.error();
  json change = {{"admin", *admin}, {"team", words.team}, {"remove", words.remove}};
  if (!words.recovery_file.empty()) {
    auto recovery = content_of(words.recovery_file);
    if (!recovery) return recovery.error();
    change["recovery"] = *recovery;
  }
  change["add"] = json::array();
  for (const std::string& member : words.add) {
    const std::size_t equals = member.find('=');
    if (equals == std::string::npos) {
      return Failure{ROLLCALL_E_INVALID_ARGUMENT, "--add wants KEY=NAME, not '" + member + "'"};
    }
    change["add"].push_back(
        {{"key", member.substr(0, equals)}, {"label", member.substr(equals + 1)}});
  }
  return change.dump();
}

}  // namespace

Exit record_grievance(Session session, const GrievanceWords& words) {
  organizing::NewGrievance grievance = words.grievance;
  std::string& text = grievance.told.text;
  if (text.empty() || text == "-") text = from_stdin();
  if (text.empty()) return session.terminal.misused("a grievance has a text");
  const auto id = Grievances(session.replica).record(grievance, now_ms());
  if (!id) return session.terminal.fail(id.error());
  if (session.terminal.json()) {
    session.terminal.print_json({{"id", *id}});
  } else {
    session.terminal.print(*id);
  }
  return Exit::done;
}

Exit list_grievances(Session session) {
  const auto lines = Grievances(session.replica).list();
  if (!lines) return session.terminal.fail(lines.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : *lines) {
    if (session.terminal.json()) {
      session.terminal.print_json(json_of(line));
    } else {
      rows.push_back({line.id, shown_time(line.at_ms), line.unit,
                      line.opens ? fmt::format("version {}", line.version) : "not for this key",
                      line.themes});
    }
  }
  if (session.terminal.json()) return Exit::done;
  if (rows.empty()) {
    session.terminal.print("no grievances here");
  } else {
    session.terminal.print_table({"id", "when", "unit", "opens", "themes"}, rows);
  }
  return Exit::done;
}

Exit open_grievance(Session session, const GrievanceWords& words) {
  std::string recovery;
  if (!words.recovery_file.empty()) {
    auto read = content_of(words.recovery_file);
    if (!read) return session.terminal.fail(read.error());
    recovery = *read;
  }
  const auto page = Grievances(session.replica).open(words.id, recovery, now_ms());
  if (!page) return session.terminal.fail(page.error());
  const organizing::Told& told = page->told;
  if (session.terminal.json()) {
    json object = json_of(page->line);
    object.update({{"text", told.text},
                   {"reporter", told.reporter},
                   {"harm", told.harm},
                   {"wishes", told.wishes},
                   {"writer", page->writer},
                   {"sealed_by", page->sealed_by},
                   {"resealed", page->resealed},
                   {"amended_by", page->amended_by}});
    session.terminal.print_json(object);
    return Exit::done;
  }
  const Terminal& terminal = session.terminal;
  terminal.print(
      fmt::format("{}  {}  {}", shown_time(page->line.at_ms), page->line.unit, page->line.themes));
  const std::string by = page->writer.empty() ? "somebody whom no team's list names" : page->writer;
  terminal.print("recorded by " + by +
                 (page->sealed_by.empty() ? "" : ", sealed anew by " + page->sealed_by));
  const std::vector<std::pair<const char*, std::string>> parts{{"reporter", told.reporter},
                                                               {"harm", told.harm},
                                                               {"wishes", told.wishes},
                                                               {"amends", page->line.amends}};
  for (const auto& [name, value] : parts) {
    if (!value.empty()) terminal.print(fmt::format("{}: {}", name, value));
  }
  for (const std::string& id : page->amended_by) terminal.print("amended by " + id);
  terminal.print(told.text);
  if (!page->resealed.empty()) terminal.note("sealed anew for the team of now");
  return Exit::done;
}

Exit new_keys(Session session, const KeyWords& words) {
  if (const auto made = session.replica.begin_sealing(words.admin); !made) {
    return session.terminal.fail(made.error());
  }
  return show_keys(session);
}

Exit show_keys(Session session) {
  const auto news = Grievances(session.replica).follow_team();
  if (!news) return session.terminal.fail(news.error());
  const json sealing = json::parse(news->sealing);
  const Terminal& terminal = session.terminal;
  if (terminal.json()) {
    json object = sealing;
    object["refused"] = news->refused;
    terminal.print_json(object);
    return Exit::done;
  }
  terminal.print("this device  " + sealing["key"].get<std::string>());
  terminal.print("admin        " + sealing["admin"].get<std::string>());
  if (sealing["team"].is_null()) {
    terminal.print("team         none yet: hand this device's key to the admin, then sync");
  } else {
    terminal.print(fmt::format("team         {}, version {}", sealing["team"].get<std::string>(),
                               sealing["version"].get<std::int64_t>()));
    for (const json& member : sealing["members"]) {
      const bool is_own = member["key"] == sealing["key"];
      terminal.print(fmt::format("  {}  {}{}", member["key"].get<std::string>(),
                                 member["label"].get<std::string>(), is_own ? " (here)" : ""));
    }
    terminal.print("recovery     " + sealing["recovery"].get<std::string>());
  }
  warn_of(session, *news);
  return Exit::done;
}

Exit new_admin(Session session, const KeyWords& words) {
  char* secret_text = nullptr;
  char* key_text = nullptr;
  rollcall_error error{};
  if (rollcall_sealing_admin(&secret_text, &key_text, &error) != 0) {
    return session.terminal.fail({error.code, error.message});
  }
  const std::unique_ptr<char, void (*)(void*)> secret(secret_text, &rollcall_free);
  const std::unique_ptr<char, void (*)(void*)> key(key_text, &rollcall_free);
  if (const auto written = write_secret(words.admin_file, secret.get()); !written) {
    return session.terminal.fail(written.error());
  }
  // The first admin's own device trusts that admin; a successor's goes on with whom it trusts.
  const auto begun = session.replica.begin_sealing(key.get());
  if (!begun && begun.error().code != ROLLCALL_E_ALREADY_EXISTS) {
    return session.terminal.fail(begun.error());
  }
  if (session.terminal.json()) {
    session.terminal.print_json({{"admin", key.get()}, {"file", words.admin_file}});
  } else {
    session.terminal.print(key.get());
    session.terminal.note("hand this public key to each listener; keep " + words.admin_file +
                          " secret, and a copy of it offline");
  }
  return Exit::done;
}

Exit sign_team(Session session, const KeyWords& words) {
  const auto change = change_of(words);
  if (!change) {
    const bool is_usage = change.error().code == ROLLCALL_E_INVALID_ARGUMENT;
    return is_usage ? session.terminal.misused(change.error().message)
                    : session.terminal.fail(change.error());
  }
  const auto signed_team =
      Grievances(session.replica).sign_team(*change, [&](const std::string& report) {
        return tell_recovery(session, report);
      });
  if (!signed_team) return session.terminal.fail(signed_team.error());
  const json made = json::parse(*signed_team);
  if (session.terminal.json()) {
    session.terminal.print_json({{"team", made["team"]}, {"version", made["version"]}});
  } else {
    session.terminal.print(fmt::format("version {} of the team {}; now run `rollcall sync`",
                                       made["version"].get<std::int64_t>(),
                                       made["team"].get<std::string>()));
  }
  return Exit::done;
}

}  // namespace rollcall::captain
