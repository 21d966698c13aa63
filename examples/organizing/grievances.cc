#include "examples/organizing/grievances.h"

#include <nlohmann/json.hpp>

namespace rollcall::organizing {
namespace {

using client::Done;
using client::Failure;
using client::Nothing;
using client::Rows;
using nlohmann::json;

constexpr const char* collection = "grievance";
constexpr const char* reseals = "grievance_reseal";

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

Outcome<std::string> body_of(const Told& told) {
  json body = {{"text", told.text}};
  if (!told.reporter.empty()) body["reporter"] = told.reporter;
  if (!told.harm.empty()) body["harm"] = told.harm;
  if (!told.wishes.empty()) body["wishes"] = told.wishes;
  try {
    return body.dump();
  } catch (const json::type_error&) {
    return Failure{ROLLCALL_E_INVALID_ARGUMENT,
                   "what was told is not UTF-8 text: save it as UTF-8 and record it again"};
  }
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Whatever it is that opened is shown: a body of another make is its own text.
Told told_of(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (!object.is_object() || !object.contains("text")) return {body, "", "", ""};
  return {text_at(object, "text"), text_at(object, "reporter"), text_at(object, "harm"),
          text_at(object, "wishes")};
}

constexpr const char* lines_sql =
    "SELECT uuid(id), at, unit, coalesce(themes,''), coalesce(uuid(amends),'') FROM grievance ";

GrievanceLine read_line(Rows& row) {
  GrievanceLine line;
  line.id = row.text(0);
  line.at_ms = row.integer(1);
  line.unit = row.text(2);
  line.themes = row.text(3);
  line.amends = row.text(4);
  return line;
}

// Whoever left the team keeps her key: what it signs may be of after she left.
std::string writer_of(const json& report) {
  std::string label = text_at(report, "writer_label");
  if (!label.empty() && report["writer_left"].get<bool>()) label += " (who left the team)";
  return label;
}

}  // namespace

struct Grievances::Opened {
  std::string body;
  std::string writer;
  std::string sealed_by;
  std::int64_t version = 0;  // the newest that this key opens
};

Outcome<TeamNews> Grievances::follow_team() {
  TeamNews news;
  // Base64url, as the library's JSON has bytes.
  auto rows = lines<std::string>(replica_, "SELECT uuid(id) FROM sealing_team ORDER BY version, id",
                                 json::array(), [](Rows& row) { return row.text(0); });
  if (!rows) return rows.error();
  for (const std::string& id : *rows) {
    auto row = replica_.get("sealing_team", id);
    if (!row) return row.error();
    Done taken = replica_.take_team(text_at(json::parse(*row), "list"));
    if (!taken && taken.error().code == ROLLCALL_E_NOT_FOUND) return taken.error();
    if (!taken) news.refused.push_back(taken.error().message);
  }
  auto told = replica_.sealing();
  if (!told) return told.error();
  news.sealing = *told;
  return news;
}

Done Grievances::write_list(const std::string& report) {
  const json made = json::parse(report);
  const json fields = {
      {"team", made["team"]}, {"version", made["version"]}, {"list", made["list"]}};
  auto written = replica_.transaction([&](client::Replica& replica) -> Done {
    auto id = replica.put("sealing_team", fields.dump());
    if (!id) return id.error();
    return Nothing{};
  });
  if (!written) return written.error();
  return replica_.take_team(made["list"].get<std::string>());
}

Outcome<std::string> Grievances::record(const NewGrievance& grievance, std::int64_t at_ms) {
  auto news = follow_team();
  if (!news) return news.error();
  const auto body = body_of(grievance.told);
  if (!body) return body.error();
  auto sealed = replica_.seal(collection, "body", *body, grievance.author_copy);
  if (!sealed) return sealed.error();
  json fields = {{"unit", grievance.unit}, {"at", at_ms}, {"body", sealed->value}};
  if (!grievance.themes.empty()) fields["themes"] = grievance.themes;
  if (!grievance.stop.empty()) fields["stop"] = grievance.stop;
  if (!grievance.amends.empty()) fields["amends"] = grievance.amends;
  auto written = replica_.transaction([&](client::Replica& replica) -> Done {
    auto id = replica.put(collection, fields.dump(), sealed->id);
    if (!id) return id.error();
    return Nothing{};
  });
  if (!written) return written.error();
  return sealed->id;
}

// As it was written, or else as a colleague sealed it anew: of those, only what a member signed,
// and only where it says of itself that it is this grievance.
Outcome<Grievances::Opened> Grievances::open_any(const std::string& id,
                                                 const std::string& recovery) {
  Opened opened;
  auto original = replica_.unseal(collection, id, "body", recovery);
  if (original) {
    const json report = json::parse(*original);
    opened.body = report["text"];
    opened.writer = writer_of(report);
    opened.version = report["version"];
  } else if (original.error().code != ROLLCALL_E_NOT_ALLOWED) {
    return original.error();
  }
  auto anew = lines<std::string>(
      replica_, "SELECT uuid(id) FROM grievance_reseal WHERE grievance = ?1 ORDER BY id",
      json::array({json{{"id", id}}}), [](Rows& row) { return row.text(0); });
  if (!anew) return anew.error();
  for (const std::string& reseal : *anew) {
    auto told = replica_.unseal(reseals, reseal, "body", recovery);
    if (!told) continue;
    const json report = json::parse(*told);
    const std::string by = writer_of(report);
    const json inner = json::parse(report["text"].get<std::string>(), nullptr, false);
    if (by.empty() || !inner.is_object() || text_at(inner, "of") != id) continue;
    if (!original && opened.sealed_by.empty()) {
      opened.body = text_at(inner, "body");
      opened.writer = text_at(inner, "writer");
      opened.sealed_by = by;
    }
    opened.version = std::max(opened.version, report["version"].get<std::int64_t>());
  }
  if (opened.version == 0) return original.error();
  return opened;
}

Outcome<std::vector<GrievanceLine>> Grievances::list() {
  auto news = follow_team();
  if (!news) return news.error();
  auto listed = lines<GrievanceLine>(replica_, std::string(lines_sql) + "ORDER BY at, id",
                                     json::array(), read_line);
  if (!listed) return listed.error();
  for (GrievanceLine& line : *listed) {
    auto opened = open_any(line.id, "");
    line.opens = static_cast<bool>(opened);
    if (opened) line.version = opened->version;
  }
  return listed;
}

Outcome<std::string> Grievances::reseal(const GrievancePage& page, const std::string& body,
                                        std::int64_t now_ms) {
  const json inner = {{"of", page.line.id}, {"writer", page.writer}, {"body", body}};
  auto sealed = replica_.seal(reseals, "body", inner.dump(), false);
  if (!sealed) return sealed.error();
  const json fields = {{"unit", page.line.unit},
                       {"grievance", page.line.id},
                       {"at", now_ms},
                       {"body", sealed->value}};
  auto written = replica_.transaction([&](client::Replica& replica) -> Done {
    auto id = replica.put(reseals, fields.dump(), sealed->id);
    if (!id) return id.error();
    return Nothing{};
  });
  if (!written) return written.error();
  return sealed->id;
}

Outcome<GrievancePage> Grievances::open(const std::string& id, const std::string& recovery,
                                        std::int64_t now_ms) {
  auto news = follow_team();
  if (!news) return news.error();
  const json parameters = json::array({json{{"id", id}}});
  auto found = lines<GrievanceLine>(replica_, std::string(lines_sql) + "WHERE id = ?1", parameters,
                                    read_line);
  if (!found) return found.error();
  if (found->empty()) {
    return Failure{ROLLCALL_E_NOT_FOUND, "there is no grievance " + id + " here: sync"};
  }
  auto opened = open_any(id, recovery);
  if (!opened) return opened.error();
  GrievancePage page;
  page.line = found->front();
  page.line.opens = true;
  page.line.version = opened->version;
  page.told = told_of(opened->body);
  page.writer = opened->writer;
  page.sealed_by = opened->sealed_by;
  auto amended =
      lines<std::string>(replica_, "SELECT uuid(id) FROM grievance WHERE amends = ?1 ORDER BY id",
                         parameters, [](Rows& row) { return row.text(0); });
  if (!amended) return amended.error();
  page.amended_by = *amended;

  const json sealing = json::parse(news->sealing);
  const bool is_old = opened->version < sealing["version"].get<std::int64_t>();
  if (is_old && recovery.empty() && sealing["member"].get<bool>()) {
    auto anew = reseal(page, opened->body, now_ms);
    if (!anew) return anew.error();
    page.resealed = *anew;
  }
  return page;
}

}  // namespace rollcall::organizing
