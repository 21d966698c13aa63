#include "engine/storage/layout.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/storage/connection.h"

namespace rollcall {
namespace {

std::string_view column_type(const FieldDef& field) {
  // A set's column is the JSON text of its elements.
  if (field.rule == MergeRule::set) return "TEXT";
  switch (kind_of(field.type)) {
    case ValueKind::boolean:
    case ValueKind::integer: return "INTEGER";
    case ValueKind::bytes: return "BLOB";
    default: return "TEXT";
  }
}

// Fields that have a column of their own name: all but `_deleted`, which stands among the
// bookkeeping.
std::vector<const FieldDef*> named_fields(const CollectionDef& collection) {
  std::vector<const FieldDef*> fields;
  for (std::size_t i = 1; i < collection.fields.size(); ++i)
    fields.push_back(&collection.fields[i]);
  return fields;
}

std::vector<const FieldDef*> search_fields(const CollectionDef& collection) {
  std::vector<const FieldDef*> fields = named_fields(collection);
  std::erase_if(fields, [](const FieldDef* field) { return !field->search; });
  return fields;
}

std::string names_of(const std::vector<const FieldDef*>& fields) {
  std::string names;
  for (const FieldDef* field : fields) names += (names.empty() ? "" : ", ") + quoted(field->name);
  return names;
}

std::string plain_table_name(const CollectionDef& collection) { return "_" + collection.name; }

std::string create_table(Flavour flavour, const CollectionDef& collection) {
  std::string sql = "CREATE TABLE " + table_name(collection) +
                    " (\n"
                    "  _key INTEGER PRIMARY KEY,\n"
                    "  _id BLOB NOT NULL UNIQUE,\n"
                    "  _deleted INTEGER NOT NULL DEFAULT 0,\n";
  if (flavour == Flavour::replica) {
    sql +=
        "  _paths INTEGER NOT NULL DEFAULT 0,\n"
        "  _tx INTEGER NOT NULL DEFAULT 0,\n"
        "  _stamps BLOB NOT NULL,\n"
        "  _extra BLOB";
  } else {
    sql +=
        "  _last INTEGER NOT NULL,\n"
        "  _stamps BLOB NOT NULL,\n"
        "  _sequences BLOB NOT NULL,\n"
        "  _paths BLOB NOT NULL,\n"
        "  _extra BLOB";
  }
  for (const FieldDef* field : named_fields(collection)) {
    sql += ",\n  " + quoted(field->name) + " " + std::string(column_type(*field));
  }
  return sql + "\n)";
}

// Index name -> statement. A dot is in no collection's or field's name: these clash with nothing.
std::map<std::string, std::string> create_indexes(Flavour flavour,
                                                  const CollectionDef& collection) {
  std::map<std::string, std::string> indexes;
  const auto add = [&](std::string_view column) {
    const std::string name = plain_table_name(collection) + "." + std::string(column);
    indexes[name] = "CREATE INDEX " + quoted(name) + " ON " + table_name(collection) + " (" +
                    quoted(column) + ")";
  };
  if (flavour == Flavour::server) {
    add("_last");
    return indexes;
  }
  for (const FieldDef* field : named_fields(collection)) {
    if (field->index) add(field->name);
  }
  return indexes;
}

// What the full-text index indexes: the searched fields of live rows, by the table's key. The index
// holds no text of its own and reads it here, so its own check and rebuild see no deleted row.
std::string text_view_name(const CollectionDef& collection) {
  return plain_table_name(collection) + ".text";
}

std::string create_text_view(const CollectionDef& collection) {
  std::string texts;
  for (const FieldDef* field : search_fields(collection)) {
    const std::string name = quoted(field->name);
    texts += ", " + searched_text(*field, name);
    if (field->type == FieldType::localized) texts += " AS " + name;
  }
  return "CREATE VIEW " + quoted(text_view_name(collection)) + " AS SELECT _key" + texts +
         " FROM " + table_name(collection) + " WHERE _deleted = 0";
}

std::string create_search(const CollectionDef& collection) {
  return "CREATE VIRTUAL TABLE " + search_table_name(collection) + " USING fts5(" +
         names_of(search_fields(collection)) + ", content='" + text_view_name(collection) +
         "', content_rowid='_key', tokenize='unicode61 remove_diacritics 2')";
}

// Without it words of rows that went stay in the index's older segments until these are merged.
// https://www.sqlite.org/fts5.html, section 6.12
std::string forget_words_sql(const std::string& search) {
  return "INSERT INTO " + search + "(" + search + ", rank) VALUES('secure-delete', 1)";
}

std::string fill_search(const CollectionDef& collection) {
  const std::string search = search_table_name(collection);
  return "INSERT INTO " + search + "(" + search + ") VALUES('rebuild')";
}

std::string create_view(const CollectionDef& collection) {
  const std::string names = names_of(named_fields(collection));
  return "CREATE VIEW " + quoted(collection.name) + " AS SELECT _id AS id" +
         (names.empty() ? "" : ", " + names) + " FROM " + table_name(collection) +
         " WHERE _deleted = 0";
}

std::string search_view_name(const CollectionDef& collection) {
  return collection.name + "_search";
}

// `text` takes MATCH; `rank` orders the best first.
std::string create_search_view(const CollectionDef& collection) {
  const std::string search = search_table_name(collection);
  return "CREATE VIEW " + quoted(search_view_name(collection)) + " AS SELECT r._id AS id, " +
         search + "." + search + " AS text, " + search + ".rank AS rank FROM " + search + " JOIN " +
         table_name(collection) + " AS r ON r._key = " + search + ".rowid";
}

// Name -> statement of what stands in the file now.
using Made = std::map<std::string, std::string>;

class Layout {
 public:
  Layout(Connection& connection, Flavour flavour) : connection_(connection), flavour_(flavour) {}

  Result<void> read() {
    ROLLCALL_TRY_ASSIGN(Statement made,
                        connection_.prepare("SELECT name, sql, tbl_name, type FROM sqlite_schema "
                                            "WHERE sql IS NOT NULL"));
    while (true) {
      ROLLCALL_TRY_ASSIGN(const bool more, made.step());
      if (!more) return {};
      const std::string name(made.text(0));
      made_[name] = made.text(1);
      if (made.text(3) == "index") indexes_of_[std::string(made.text(2))].insert(name);
    }
  }

  Result<void> apply(const CollectionDef& collection) {
    ROLLCALL_TRY(apply_table(collection));
    ROLLCALL_TRY(apply_indexes(collection));
    ROLLCALL_TRY(apply_view(collection.name, create_view(collection)));
    if (flavour_ == Flavour::replica) ROLLCALL_TRY(apply_search(collection));
    return {};
  }

 private:
  Result<void> apply_table(const CollectionDef& collection) {
    const std::string table = plain_table_name(collection);
    if (!made_.contains(table)) return connection_.execute(create_table(flavour_, collection));
    ROLLCALL_TRY_ASSIGN(const std::set<std::string> columns, columns_of(table));
    if (!columns.contains("_key")) {
      return failure(ErrorCode::schema, "collection " + collection.name + " cannot be stored: " +
                                            table + " is a table of the engine; rename it");
    }
    for (const FieldDef* field : named_fields(collection)) {
      if (columns.contains(field->name)) continue;
      ROLLCALL_TRY(connection_.execute("ALTER TABLE " + table_name(collection) + " ADD COLUMN " +
                                       quoted(field->name) + " " +
                                       std::string(column_type(*field))));
    }
    return {};
  }

  Result<void> apply_indexes(const CollectionDef& collection) {
    const auto wanted = create_indexes(flavour_, collection);
    for (const std::string& name : indexes_of_[plain_table_name(collection)]) {
      const auto found = wanted.find(name);
      if (found != wanted.end() && found->second == made_[name]) continue;
      ROLLCALL_TRY(connection_.execute("DROP INDEX " + quoted(name)));
      made_.erase(name);
    }
    for (const auto& [name, sql] : wanted) {
      if (!made_.contains(name)) ROLLCALL_TRY(connection_.execute(sql));
    }
    return {};
  }

  Result<void> apply_view(const std::string& name, const std::string& sql) {
    const auto found = made_.find(name);
    if (found != made_.end()) {
      if (found->second == sql) return {};
      ROLLCALL_TRY(connection_.execute("DROP VIEW " + quoted(name)));
    }
    return connection_.execute(sql);
  }

  Result<void> apply_search(const CollectionDef& collection) {
    const std::string name = plain_table_name(collection) + "_search";
    const std::string view = search_view_name(collection);
    const bool wanted = is_searchable(collection);
    const auto found = made_.find(name);
    const bool is_search = found != made_.end() && found->second.starts_with("CREATE VIRTUAL");
    if (found != made_.end() && !is_search) {
      if (!wanted) return {};
      return failure(ErrorCode::schema, "collection " + collection.name +
                                            " has searched fields, "
                                            "and its index " +
                                            name + " is another collection's table; rename one");
    }
    if (is_search && wanted && found->second == create_search(collection)) {
      return apply_view(view, create_search_view(collection));
    }
    if (is_search) {
      ROLLCALL_TRY(connection_.execute("DROP VIEW " + quoted(view)));
      ROLLCALL_TRY(connection_.execute("DROP TABLE " + quoted(name)));
      ROLLCALL_TRY(connection_.execute("DROP VIEW " + quoted(text_view_name(collection))));
      made_.erase(view);
    }
    if (!wanted) return {};
    ROLLCALL_TRY(connection_.execute(create_text_view(collection)));
    ROLLCALL_TRY(connection_.execute(create_search(collection)));
    if (Connection::forgets_words()) {
      ROLLCALL_TRY(connection_.execute(forget_words_sql(search_table_name(collection))));
    }
    ROLLCALL_TRY(connection_.execute(fill_search(collection)));
    return apply_view(view, create_search_view(collection));
  }

  Result<std::set<std::string>> columns_of(const std::string& table) {
    ROLLCALL_TRY_ASSIGN(Statement info,
                        connection_.prepare("SELECT name FROM pragma_table_info(?1)"));
    info.bind_text(1, table);
    std::set<std::string> columns;
    while (true) {
      ROLLCALL_TRY_ASSIGN(const bool more, info.step());
      if (!more) return columns;
      columns.emplace(info.text(0));
    }
  }

  Connection& connection_;
  Flavour flavour_;
  Made made_;
  std::map<std::string, std::set<std::string>> indexes_of_;
};

// Every name that a collection's tables and views take, FTS5's own tables among them.
std::vector<std::string> names_taken(Flavour flavour, const CollectionDef& collection) {
  std::vector<std::string> names = {collection.name, plain_table_name(collection)};
  if (flavour == Flavour::server || !is_searchable(collection)) return names;
  const std::string search = plain_table_name(collection) + "_search";
  names.push_back(search_view_name(collection));
  names.push_back(search);
  for (const char* own : {"_data", "_idx", "_docsize", "_config"}) names.push_back(search + own);
  return names;
}

Result<void> check_names(Flavour flavour, const Schema& schema) {
  std::map<std::string, std::string> owners;
  for (const CollectionDef& collection : schema.collections) {
    if (collection.fields.size() > static_cast<std::size_t>(table_fields_max)) {
      return failure(ErrorCode::schema, "collection " + collection.name + " has " +
                                            std::to_string(collection.fields.size()) +
                                            " fields; a table takes " +
                                            std::to_string(table_fields_max));
    }
    for (const std::string& name : names_taken(flavour, collection)) {
      const auto [place, is_new] = owners.emplace(name, collection.name);
      if (is_new) continue;
      return failure(ErrorCode::schema, "collections " + place->second + " and " + collection.name +
                                            " both need the name " + name +
                                            " in the database; rename one");
    }
  }
  return {};
}

}  // namespace

std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string table_name(const CollectionDef& collection) {
  return quoted(plain_table_name(collection));
}

std::string search_table_name(const CollectionDef& collection) {
  return quoted(plain_table_name(collection) + "_search");
}

std::string searched_text(const FieldDef& field, std::string_view sql) {
  std::string value(sql);
  if (field.type != FieldType::localized) return value;
  return "localized_texts(" + value + ")";
}

bool is_searchable(const CollectionDef& collection) { return !search_fields(collection).empty(); }

std::vector<std::string> create_statements(Flavour flavour, const CollectionDef& collection) {
  std::vector<std::string> statements = {create_table(flavour, collection)};
  for (const auto& [name, sql] : create_indexes(flavour, collection)) statements.push_back(sql);
  statements.push_back(create_view(collection));
  if (flavour == Flavour::replica && is_searchable(collection)) {
    statements.push_back(create_text_view(collection));
    statements.push_back(create_search(collection));
    statements.push_back(create_search_view(collection));
  }
  return statements;
}

Result<void> merge_indexes(Connection& connection) {
  std::vector<std::string> indexes;
  {
    ROLLCALL_TRY_ASSIGN(Statement made,
                        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' "
                                           "AND sql LIKE 'CREATE VIRTUAL TABLE % USING fts5(%'"));
    while (true) {
      ROLLCALL_TRY_ASSIGN(const bool more, made.step());
      if (!more) break;
      indexes.push_back(quoted(made.text(0)));
    }
  }
  for (const std::string& index : indexes) {
    if (Connection::forgets_words()) ROLLCALL_TRY(connection.execute(forget_words_sql(index)));
    std::string optimize = "INSERT INTO " + index;
    optimize.append("(").append(index).append(") VALUES('optimize')");
    ROLLCALL_TRY(connection.execute(optimize));
  }
  return {};
}

Result<void> apply_layout(Connection& connection, Flavour flavour, const Schema& schema) {
  ROLLCALL_CHECK(connection.in_transaction());
  ROLLCALL_TRY(check_names(flavour, schema));
  Layout layout(connection, flavour);
  ROLLCALL_TRY(layout.read());
  for (const CollectionDef& collection : schema.collections) {
    ROLLCALL_TRY(layout.apply(collection));
  }
  return {};
}

}  // namespace rollcall
