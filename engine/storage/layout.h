#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/schema.h"

namespace rollcall {

class Connection;

// Whose tables: the same fields, other bookkeeping (STORAGE.md draws both).
enum class Flavour : std::uint8_t { replica = 1, server = 2 };

// A name as SQL takes it, whatever word it is.
std::string quoted(std::string_view name);

// "_person", quoted: the table of collection person. Its view is "person", its full-text index
// "_person_search" with the view "person_search".
std::string table_name(const CollectionDef& collection);
std::string search_table_name(const CollectionDef& collection);
// True when the collection has a full-text index on replicas.
bool is_searchable(const CollectionDef& collection);
// What the full-text index takes of a field whose value `sql` gives: of a localized one its texts
// in all languages, without the tags.
std::string searched_text(const FieldDef& field, std::string_view sql);

// The statements that make the collection's table, indexes, full-text index and views from nothing,
// in order. A golden test holds them.
std::vector<std::string> create_statements(Flavour flavour, const CollectionDef& collection);

// Every full-text index into one segment: what it still holds of rows that went is gone. Where they
// can (Connection::forgets_words), they forget words at once from now on; elsewhere this is to be
// done whenever rows went.
Result<void> merge_indexes(Connection& connection);

// Brings the typed tables, secondary indexes, full-text indexes and views to what `schema` says:
// makes what is missing, adds columns, follows the marks. Writes no row of a typed table; a
// full-text index whose fields changed is filled anew. Columns and tables that the schema no
// longer names stay. Runs in the caller's write transaction; statements prepared before still work,
// but tables opened before do not know new fields.
// `schema` when the names cannot live together in one database.
Result<void> apply_layout(Connection& connection, Flavour flavour, const Schema& schema);

}  // namespace rollcall
