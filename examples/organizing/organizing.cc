#include "examples/organizing/organizing.h"

#include <nlohmann/json.hpp>

namespace rollcall::organizing {
namespace {

using client::Done;
using client::Failure;
using client::Nothing;
using client::Rows;
using nlohmann::json;

constexpr const char* full_name_sql =
    "trim(coalesce(p.given_name,'') || ' ' || coalesce(p.family_name,'') || "
    "CASE WHEN coalesce(p.preferred_name,'') = '' THEN '' ELSE ' (' || p.preferred_name || ')' "
    "END)";
// Any language will do, the user's first: {"en":"…"}.
constexpr const char* title_sql =
    "coalesce(json_extract(%.title,'$.en'), (SELECT value FROM json_each(%.title) LIMIT 1), '')";

std::string with_alias(std::string text, const std::string& alias) {
  for (std::size_t at = 0; (at = text.find('%', at)) != std::string::npos;) {
    text.replace(at, 1, alias);
  }
  return text;
}

json id_parameter(const std::string& id) { return json{{"id", id}}; }

// Runs a query and makes one thing of each row.
template <class Line, class Read>
Outcome<std::vector<Line>> lines(client::Replica& replica, const std::string& sql,
                                 const json& parameters, const Read& read) {
  auto rows = replica.query(sql, parameters.dump());
  if (!rows) return rows.error();
  std::vector<Line> list;
  while (rows->next()) list.push_back(read(*rows));
  if (rows->failed()) return Failure{ROLLCALL_E_SQL, rollcall_last_error(replica.get())};
  return list;
}

Outcome<std::int64_t> number(client::Replica& replica, const std::string& sql) {
  auto rows = replica.query(sql);
  if (!rows) return rows.error();
  if (!rows->next()) return Failure{ROLLCALL_E_SQL, rollcall_last_error(replica.get())};
  return rows->integer(0);
}

Failure not_found(const std::string& what) {
  return {ROLLCALL_E_NOT_FOUND, what + "; sync, or look it up by name with `people find`"};
}

bool is_uuid(const std::string& text) { return text.size() == 36 && text[8] == '-'; }

}  // namespace

struct Organizing::Registration {
  std::string id;
  std::string name;
  std::string admitted;  // the scan's id, or empty
  std::int64_t first_at_ms = 0;
  std::string first_gate;
};

Outcome<std::vector<PersonLine>> Organizing::find_people(const std::string& words,
                                                         std::int32_t limit) {
  auto found = replica_.search("person", words, limit);
  if (!found) return found.error();
  std::vector<PersonLine> people;
  for (const auto& id : json::parse(*found)) {
    auto line = lines<PersonLine>(
        replica_,
        std::string("SELECT uuid(p.id), ") + full_name_sql +
            ", coalesce(p.unit,''), coalesce(json_extract(p.phones,'$[0]'),'') FROM person p "
            "WHERE p.id = ?1",
        json::array({id_parameter(id.get<std::string>())}), [](Rows& row) {
          return PersonLine{row.text(0), row.text(1), row.text(2), row.text(3)};
        });
    if (!line) return line.error();
    for (PersonLine& person : *line) people.push_back(std::move(person));
  }
  return people;
}

Outcome<PersonPage> Organizing::person(const std::string& id) {
  PersonPage page;
  auto row = replica_.get("person", id);
  if (!row) return row.error();
  page.json = *row;
  const json parameters = json::array({id_parameter(id)});
  auto line = lines<PersonLine>(
      replica_,
      std::string("SELECT uuid(p.id), ") + full_name_sql +
          ", coalesce(p.unit,''), coalesce(json_extract(p.phones,'$[0]'),'') FROM person p "
          "WHERE p.id = ?1",
      parameters, [](Rows& r) {
        return PersonLine{r.text(0), r.text(1), r.text(2), r.text(3)};
      });
  if (!line) return line.error();
  if (line->empty()) return not_found("there is no person " + id + " here");
  page.line = line->front();

  auto contacts = lines<ContactLine>(
      replica_,
      "SELECT uuid(id), at, kind, coalesce(outcome,''), coalesce(note,'') FROM activity "
      "WHERE person = ?1 ORDER BY at DESC LIMIT 100",
      parameters, [](Rows& r) {
        return ContactLine{r.text(0), r.integer(1), r.text(2), r.text(3), r.text(4)};
      });
  if (!contacts) return contacts.error();
  page.contacts = *contacts;

  auto roles = lines<RosterLine>(
      replica_,
      "SELECT uuid(a.id), a.unit, coalesce(u.name,''), a.role, uuid(a.person), "
      "coalesce(a.status,'') FROM role_assignment a LEFT JOIN unit u ON u.path = a.unit "
      "WHERE a.person = ?1 ORDER BY a.unit, a.role",
      parameters, [&](Rows& r) {
        return RosterLine{r.text(0), r.text(1),      r.text(2), r.text(3),
                          r.text(4), page.line.name, r.text(5)};
      });
  if (!roles) return roles.error();
  page.roles = *roles;

  auto trainings = lines<TrainingLine>(
      replica_,
      "SELECT uuid(t.id), uuid(t.offering), " + with_alias(title_sql, "o") +
          ", t.unit, coalesce(o.starts_at,0), coalesce(t.state,'') FROM training_record t "
          "LEFT JOIN offering o ON o.id = t.offering WHERE t.person = ?1 ORDER BY 5",
      parameters, [](Rows& r) {
        TrainingLine training;
        training.id = r.text(0);
        training.offering = r.text(1);
        training.title = r.text(2);
        training.unit = r.text(3);
        training.starts_at_ms = r.integer(4);
        training.state = r.text(5);
        return training;
      });
  if (!trainings) return trainings.error();
  page.trainings = *trainings;
  return page;
}

Outcome<std::string> Organizing::unit_of(const std::string& person) {
  auto found =
      lines<std::string>(replica_, "SELECT coalesce(unit,'') FROM person WHERE id = ?1",
                         json::array({id_parameter(person)}), [](Rows& r) { return r.text(0); });
  if (!found) return found.error();
  if (found->empty()) return not_found("there is no person " + person + " here");
  return found->front();
}

Outcome<std::string> Organizing::log_contact(const std::string& person, const std::string& kind,
                                             const std::string& outcome, const std::string& note,
                                             std::int64_t at_ms) {
  auto unit = unit_of(person);
  if (!unit) return unit.error();
  json fields = {{"unit", *unit}, {"person", person}, {"kind", kind}, {"at", at_ms}};
  if (!outcome.empty()) fields["outcome"] = outcome;
  if (!note.empty()) fields["note"] = note;
  std::string made;
  auto written = replica_.transaction([&](client::Replica& replica) -> Done {
    auto id = replica.put("activity", fields.dump());
    if (!id) return id.error();
    made = *id;
    return Nothing{};
  });
  if (!written) return written.error();
  return made;
}

Outcome<std::vector<RosterLine>> Organizing::roster(bool vacancies_only) {
  const std::string vacancies =
      "SELECT '', u.path, u.name, 'captain', '', '', 'vacant' FROM unit u WHERE u.kind = "
      "'precinct' "
      "AND NOT EXISTS (SELECT 1 FROM role_assignment a WHERE a.unit = u.path AND a.role = "
      "'captain' "
      "AND coalesce(a.status,'') <> 'ended')";
  const std::string holders =
      std::string("SELECT uuid(a.id), a.unit, coalesce(u.name,''), a.role, uuid(a.person), ") +
      full_name_sql +
      ", coalesce(a.status,'') FROM role_assignment a LEFT JOIN unit u ON u.path = a.unit "
      "LEFT JOIN person p ON p.id = a.person WHERE coalesce(a.status,'') <> 'ended'";
  // A vacancy is worth telling only where this device sees people, not in every public unit.
  const std::string mine = " AND EXISTS (SELECT 1 FROM person m WHERE m.unit = u.path)";
  const std::string sql = vacancies_only
                              ? vacancies + mine + " ORDER BY 2"
                              : holders + " UNION ALL " + vacancies + mine + " ORDER BY 2, 4, 6";
  return lines<RosterLine>(replica_, sql, json::array(), [](Rows& r) {
    return RosterLine{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.text(5), r.text(6)};
  });
}

Outcome<std::vector<EventLine>> Organizing::events() {
  const std::string sql =
      "SELECT uuid(e.id), " + with_alias(title_sql, "e") +
      ", coalesce(e.kind,''), coalesce(e.status,''), coalesce(e.venue,''), "
      "coalesce(e.starts_at,0), "
      "(SELECT count(*) FROM registration r WHERE r.event = e.id), "
      "(SELECT count(*) FROM registration r WHERE r.event = e.id AND r.admitted IS NOT NULL), "
      "(SELECT count(*) FROM scan s JOIN registration r ON r.id = s.registration "
      " WHERE s.event = e.id AND s.kind = 'entry' AND r.admitted IS NOT NULL AND r.admitted <> "
      "s.id) "
      "FROM event e ORDER BY e.starts_at, 2";
  return lines<EventLine>(replica_, sql, json::array(), [](Rows& r) {
    return EventLine{r.text(0),    r.text(1),    r.text(2),    r.text(3),   r.text(4),
                     r.integer(5), r.integer(6), r.integer(7), r.integer(8)};
  });
}

Outcome<std::optional<Organizing::Registration>> Organizing::find_registration(
    const std::string& event, const std::string& person_or_code) {
  const std::string columns =
      "SELECT uuid(r.id), coalesce(r.badge_name,''), coalesce(uuid(r.admitted),''), "
      "coalesce(s.at,0), coalesce(s.gate,'') FROM registration r LEFT JOIN scan s "
      "ON s.id = r.admitted WHERE r.event = ?1 AND ";
  // One index each, and never a scan of ten thousand registrations at the door.
  const std::string by_id = columns + "r.person = ?2 UNION ALL " + columns + "r.id = ?2 LIMIT 1";
  const std::string by_code = columns + "r.code = ?2 LIMIT 1";
  const bool is_id = is_uuid(person_or_code);
  const json parameters = json::array(
      {id_parameter(event), is_id ? id_parameter(person_or_code) : json(person_or_code)});
  auto found = lines<Registration>(replica_, is_id ? by_id : by_code, parameters, [](Rows& r) {
    return Registration{r.text(0), r.text(1), r.text(2), r.integer(3), r.text(4)};
  });
  if (!found) return found.error();
  if (found->empty()) return std::optional<Registration>();
  return std::optional<Registration>(found->front());
}

Outcome<CheckIn> Organizing::check_in(const std::string& event, const std::string& person_or_code,
                                      const std::string& gate, std::int64_t at_ms) {
  auto found = find_registration(event, person_or_code);
  if (!found) return found.error();
  CheckIn result;
  if (!found->has_value()) return result;
  const Registration& registration = **found;
  result.registration = registration.id;
  result.name = registration.name;
  result.first_at_ms = registration.first_at_ms;
  result.first_gate = registration.first_gate;
  const bool admits = registration.admitted.empty();
  result.kind = admits ? CheckIn::Kind::admitted : CheckIn::Kind::double_scan;

  json scan = {
      {"event", event}, {"registration", registration.id}, {"kind", "entry"}, {"at", at_ms}};
  if (!gate.empty()) scan["gate"] = gate;
  auto written = replica_.transaction([&](client::Replica& replica) -> Done {
    auto id = replica.put("scan", scan.dump());
    if (!id) return id.error();
    result.scan = *id;
    if (!admits) return Nothing{};
    return replica.set("registration", registration.id, json{{"admitted", *id}}.dump());
  });
  if (!written) return written.error();
  return result;
}

Outcome<std::vector<TrainingLine>> Organizing::trainings() {
  const std::string sql =
      "SELECT uuid(o.id), " + with_alias(title_sql, "o") +
      ", o.unit, coalesce(o.starts_at,0), "
      "(SELECT count(*) FROM training_record t WHERE t.offering = o.id), "
      "(SELECT count(*) FROM training_record t WHERE t.offering = o.id AND t.state = 'completed') "
      "FROM offering o ORDER BY o.starts_at, 2";
  return lines<TrainingLine>(replica_, sql, json::array(), [](Rows& r) {
    TrainingLine training;
    training.id = r.text(0);
    training.offering = r.text(0);
    training.title = r.text(1);
    training.unit = r.text(2);
    training.starts_at_ms = r.integer(3);
    training.enrolled = r.integer(4);
    training.completed = r.integer(5);
    return training;
  });
}

Outcome<std::string> Organizing::train(const std::string& offering, const std::string& person,
                                       const std::string& state, std::int64_t at_ms) {
  auto unit = unit_of(person);
  if (!unit) return unit.error();
  // The id is derived from offering, person and unit: putting it again merges into the same row.
  const json fields = {
      {"offering", offering}, {"person", person}, {"unit", *unit}, {"state", state}, {"at", at_ms}};
  std::string made;
  auto written = replica_.transaction([&](client::Replica& replica) -> Done {
    auto id = replica.put("training_record", fields.dump());
    if (!id) return id.error();
    made = *id;
    return Nothing{};
  });
  if (!written) return written.error();
  return made;
}

Outcome<std::int64_t> Organizing::doubles() {
  return number(replica_,
                "SELECT count(*) FROM scan s JOIN registration r ON r.id = s.registration "
                "WHERE s.kind = 'entry' AND r.admitted IS NOT NULL AND r.admitted <> s.id");
}

}  // namespace rollcall::organizing
