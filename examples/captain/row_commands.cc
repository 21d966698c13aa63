#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "examples/captain/commands.h"

// put, set, delete, get, sql: rows as they are.

namespace rollcall::captain {
namespace {

using client::Done;
using client::Nothing;
using nlohmann::json;

// The field's type as the schema names it; empty when there is no such field.
struct FieldKind {
  std::string type;
  std::string rule;
};

FieldKind kind_of(const json& schema, const std::string& collection, const std::string& field) {
  for (const json& candidate : schema["collections"]) {
    if (candidate["name"] != collection) continue;
    for (const json& known : candidate["fields"]) {
      if (known["name"] == field) return {known["type"], known["rule"]};
    }
  }
  return {};
}

// What was typed behind "field=": JSON where the field's type wants something else than text.
json typed_value(const FieldKind& kind, const std::string& text) {
  if (text == "null") return nullptr;
  const bool wants_json = kind.type == "integer" || kind.type == "boolean" ||
                          kind.type == "localized" || kind.type == "time";
  if (wants_json) {
    auto parsed = json::parse(text, nullptr, false);
    if (!parsed.is_discarded()) return parsed;
  }
  return text;
}

std::string shown_cell(client::Rows& rows, std::int32_t column) {
  const std::int32_t kind = rows.kind(column);
  if (kind == 0) return "";
  if (kind == 2) return std::to_string(rows.integer(column));
  std::string text = rows.text(column);
  if (kind == 3) return text;
  std::string hex;
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  if (hex.size() == 32) {
    for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, 1, '-');
  }
  return hex;
}

json json_cell(client::Rows& rows, std::int32_t column) {
  const std::int32_t kind = rows.kind(column);
  if (kind == 0) return nullptr;
  if (kind == 2) return rows.integer(column);
  if (kind == 3) return rows.text(column);
  return shown_cell(rows, column);
}

}  // namespace

Exit put(Session session, const std::string& collection, const std::string& fields) {
  std::string made;
  const auto written = session.replica.transaction([&](client::Replica& replica) -> Done {
    auto id = replica.put(collection, fields);
    if (!id) return id.error();
    made = *id;
    return Nothing{};
  });
  if (!written) return session.terminal.fail(written.error());
  if (session.terminal.json()) {
    session.terminal.print_json({{"id", made}, {"transaction", *written}});
  } else {
    session.terminal.print(made);
  }
  return Exit::done;
}

Exit set(Session session, const std::string& collection, const std::string& id,
         const std::vector<std::string>& assignments) {
  auto schema = session.replica.schema();
  if (!schema) return session.terminal.fail(schema.error());
  const json known = json::parse(*schema);
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return session.terminal.misused("\"" + assignment + "\" is not field=value");
    }
  }
  const auto written = session.replica.transaction([&](client::Replica& replica) -> Done {
    json fields = json::object();
    for (const std::string& assignment : assignments) {
      const std::size_t equals = assignment.find('=');
      // "tags+=driver" and "tags-=driver" change a set, "n+=1" a counter.
      const char before = assignment[equals - 1];
      const bool changes = before == '+' || before == '-';
      const std::string field = assignment.substr(0, changes ? equals - 1 : equals);
      const std::string text = assignment.substr(equals + 1);
      const FieldKind kind = kind_of(known, collection, field);
      const json value = typed_value(kind, text);
      if (!changes) {
        fields[field] = value;
      } else if (kind.rule == "counter" && value.is_number_integer()) {
        const auto by = value.get<std::int64_t>();
        if (Done done = replica.increment(collection, id, field, before == '+' ? by : -by); !done) {
          return done;
        }
      } else {
        Done done = before == '+' ? replica.add(collection, id, field, value.dump())
                                  : replica.remove(collection, id, field, value.dump());
        if (!done) return done;
      }
    }
    if (fields.empty()) return Nothing{};
    return replica.set(collection, id, fields.dump());
  });
  if (!written) return session.terminal.fail(written.error());
  if (session.terminal.json()) {
    session.terminal.print_json({{"id", id}, {"transaction", *written}});
  }
  return Exit::done;
}

Exit erase(Session session, const std::string& collection, const std::string& id) {
  const auto written = session.replica.transaction(
      [&](client::Replica& replica) { return replica.erase(collection, id); });
  if (!written) return session.terminal.fail(written.error());
  if (session.terminal.json()) {
    session.terminal.print_json({{"id", id}, {"transaction", *written}});
  }
  return Exit::done;
}

Exit get(Session session, const std::string& collection, const std::string& id) {
  const auto row = session.replica.get(collection, id);
  if (!row) return session.terminal.fail(row.error());
  const json fields = json::parse(*row);
  if (session.terminal.json()) {
    session.terminal.print_json(fields);
    return Exit::done;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : fields.items()) {
    if (value.is_null()) continue;
    rows.push_back({name, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  session.terminal.print_table({"field", "value"}, rows);
  return Exit::done;
}

Exit sql(Session session, const std::string& statement) {
  auto rows = session.replica.query(statement);
  if (!rows) return session.terminal.fail(rows.error());
  std::vector<std::string> heading;
  heading.reserve(static_cast<std::size_t>(rows->columns()));
  for (std::int32_t i = 0; i < rows->columns(); ++i) heading.push_back(rows->name(i));
  std::vector<std::vector<std::string>> table;
  while (rows->next()) {
    if (session.terminal.json()) {
      json object = json::object();
      for (std::int32_t i = 0; i < rows->columns(); ++i)
        object[rows->name(i)] = json_cell(*rows, i);
      session.terminal.print_json(object);
    } else {
      auto& cells = table.emplace_back();
      for (std::int32_t i = 0; i < rows->columns(); ++i) cells.push_back(shown_cell(*rows, i));
    }
  }
  if (rows->failed()) {
    return session.terminal.fail({ROLLCALL_E_SQL, rollcall_last_error(session.replica.get())});
  }
  if (!session.terminal.json()) session.terminal.print_table(heading, table);
  return Exit::done;
}

}  // namespace rollcall::captain
