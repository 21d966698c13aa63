#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "examples/captain/commands.h"
#include "examples/organizing/organizing.h"

// people, log, roster, events, checkin, trainings, train: the captain's own words.

namespace rollcall::captain {
namespace {

using nlohmann::json;
using organizing::CheckIn;
using organizing::Organizing;

json json_of(const organizing::PersonLine& line) {
  return {{"id", line.id}, {"name", line.name}, {"unit", line.unit}, {"phone", line.phone}};
}

json json_of(const organizing::ContactLine& line) {
  return {{"id", line.id},
          {"at_ms", line.at_ms},
          {"kind", line.kind},
          {"outcome", line.outcome},
          {"note", line.note}};
}

json json_of(const organizing::RosterLine& line) {
  return {{"id", line.id},        {"unit", line.unit},     {"unit_name", line.unit_name},
          {"role", line.role},    {"person", line.person}, {"name", line.name},
          {"status", line.status}};
}

json json_of(const organizing::EventLine& line) {
  return {{"id", line.id},
          {"title", line.title},
          {"kind", line.kind},
          {"status", line.status},
          {"venue", line.venue},
          {"starts_at_ms", line.starts_at_ms},
          {"registered", line.registered},
          {"admitted", line.admitted},
          {"doubles", line.doubles}};
}

json json_of(const organizing::TrainingLine& line) {
  return {{"id", line.id},
          {"offering", line.offering},
          {"title", line.title},
          {"unit", line.unit},
          {"starts_at_ms", line.starts_at_ms},
          {"enrolled", line.enrolled},
          {"completed", line.completed},
          {"state", line.state}};
}

// A list as JSON lines or as a table, or a sentence when there is nothing.
template <class Line, class Cells>
Exit show(Session session, const client::Outcome<std::vector<Line>>& lines,
          const std::vector<std::string>& heading, std::string_view nothing, const Cells& cells) {
  if (!lines) return session.terminal.fail(lines.error());
  std::vector<std::vector<std::string>> rows;
  for (const Line& line : *lines) {
    if (session.terminal.json()) {
      session.terminal.print_json(json_of(line));
    } else {
      rows.push_back(cells(line));
    }
  }
  if (session.terminal.json()) return Exit::done;
  if (rows.empty()) {
    session.terminal.print(nothing);
  } else {
    session.terminal.print_table(heading, rows);
  }
  return Exit::done;
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Exit made(Session session, const client::Outcome<std::string>& id) {
  if (!id) return session.terminal.fail(id.error());
  if (session.terminal.json()) {
    session.terminal.print_json({{"id", *id}});
  } else {
    session.terminal.print(*id);
  }
  return Exit::done;
}

}  // namespace

Exit people_find(Session session, const std::string& words, std::int32_t limit) {
  return show(session, Organizing(session.replica).find_people(words, limit),
              {"id", "name", "unit", "phone"}, "nobody by that name here",
              [](const organizing::PersonLine& line) {
                return std::vector{line.id, line.name, line.unit, line.phone};
              });
}

Exit people_show(Session session, const std::string& person) {
  const auto page = Organizing(session.replica).person(person);
  if (!page) return session.terminal.fail(page.error());
  if (session.terminal.json()) {
    json object = json::parse(page->json);
    object["contacts"] = json::array();
    for (const auto& line : page->contacts) object["contacts"].push_back(json_of(line));
    object["roles"] = json::array();
    for (const auto& line : page->roles) object["roles"].push_back(json_of(line));
    object["trainings"] = json::array();
    for (const auto& line : page->trainings) object["trainings"].push_back(json_of(line));
    session.terminal.print_json(object);
    return Exit::done;
  }
  session.terminal.print(page->line.name);
  session.terminal.print(page->line.unit + "   " + page->line.phone);
  for (const auto& role : page->roles) {
    session.terminal.print(fmt::format("  {} of {} ({})", role.role, role.unit, role.status));
  }
  for (const auto& training : page->trainings) {
    session.terminal.print(fmt::format("  {}: {}", training.title, training.state));
  }
  for (const auto& contact : page->contacts) {
    session.terminal.print(fmt::format("  {}  {} {}  {}", shown_time(contact.at_ms), contact.kind,
                                       contact.outcome, contact.note));
  }
  return Exit::done;
}

Exit log_contact(Session session, const std::string& person, const std::string& kind,
                 const std::string& outcome, const std::string& note) {
  return made(session,
              Organizing(session.replica).log_contact(person, kind, outcome, note, now_ms()));
}

Exit roster(Session session, bool vacancies_only) {
  return show(session, Organizing(session.replica).roster(vacancies_only),
              {"unit", "role", "who", "status"}, "no roles and no vacancies here",
              [](const organizing::RosterLine& line) {
                return std::vector{line.unit, line.role, line.name, line.status};
              });
}

Exit events(Session session) {
  return show(session, Organizing(session.replica).events(),
              {"id", "when", "what", "where", "registered", "in", "doubles"}, "no events here",
              [](const organizing::EventLine& line) {
                return std::vector{line.id,
                                   shown_time(line.starts_at_ms),
                                   line.title,
                                   line.venue,
                                   std::to_string(line.registered),
                                   std::to_string(line.admitted),
                                   std::to_string(line.doubles)};
              });
}

Exit check_in(Session session, const std::string& event, const std::string& person_or_code,
              const std::string& gate) {
  const auto result = Organizing(session.replica).check_in(event, person_or_code, gate, now_ms());
  if (!result) return session.terminal.fail(result.error());
  const bool registered = result->kind != CheckIn::Kind::not_registered;
  const bool admitted = result->kind == CheckIn::Kind::admitted;
  if (session.terminal.json()) {
    session.terminal.print_json({{"result", admitted     ? "admitted"
                                            : registered ? "double"
                                                         : "not_registered"},
                                 {"scan", result->scan},
                                 {"registration", result->registration},
                                 {"name", result->name},
                                 {"first_at_ms", result->first_at_ms},
                                 {"first_gate", result->first_gate}});
  } else if (admitted) {
    session.terminal.print("admitted: " + result->name);
  } else if (registered) {
    session.terminal.print(
        fmt::format("already in: {}, {} at {}", result->name, shown_time(result->first_at_ms),
                    result->first_gate.empty() ? "another gate" : result->first_gate));
  } else {
    session.terminal.print("not registered for this event");
  }
  return registered ? Exit::done : Exit::failed;
}

Exit trainings(Session session) {
  return show(session, Organizing(session.replica).trainings(),
              {"id", "when", "what", "unit", "enrolled", "completed"}, "no trainings here",
              [](const organizing::TrainingLine& line) {
                return std::vector{
                    line.offering, shown_time(line.starts_at_ms), line.title,
                    line.unit,     std::to_string(line.enrolled), std::to_string(line.completed)};
              });
}

Exit train(Session session, const std::string& offering, const std::string& person,
           const std::string& state) {
  return made(session, Organizing(session.replica).train(offering, person, state, now_ms()));
}

}  // namespace rollcall::captain
