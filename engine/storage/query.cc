#include <algorithm>
#include <array>

#include <sqlite3.h>

#include "engine/storage/connection_state.h"

namespace rollcall {
namespace {

// Pragmas that describe tables and change nothing.
constexpr std::array<std::string_view, 8> pragmas = {
    "data_version", "foreign_key_list", "function_list", "index_info",
    "index_list",   "index_xinfo",      "table_info",    "table_list"};

std::string_view view_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

bool is_hidden(const ConnectionState& state, std::string_view table) {
  const auto& hidden = state.options.hidden_tables;
  return std::find(hidden.begin(), hidden.end(), table) != hidden.end();
}

int refuse(ConnectionState& state, std::string reason) {
  if (state.refusal.empty()) state.refusal = std::move(reason);
  return SQLITE_DENY;
}

int authorize(void* context, int action, const char* first, const char* second, const char*,
              const char*) {
  auto& state = *static_cast<ConnectionState*>(context);
  if (!state.app_statement) return SQLITE_OK;
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION:  // a system's SQLite may be built with load_extension; ours has none
      return view_of(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_READ:
      if (is_hidden(state, view_of(first))) {
        return refuse(state, "table " + std::string(first) + " is not for apps");
      }
      state.tables_read.emplace(view_of(first));
      return SQLITE_OK;
    case SQLITE_PRAGMA:
      if (std::find(pragmas.begin(), pragmas.end(), view_of(first)) != pragmas.end()) {
        return SQLITE_OK;
      }
      return refuse(state, "PRAGMA " + std::string(view_of(first)) + " is not for apps");
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: return refuse(state, "it would write to " + std::string(view_of(first)));
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return refuse(state, "it would open or end a transaction");
    default: static_cast<void>(second); return refuse(state, "it would do more than read");
  }
}

}  // namespace

void install_authorizer(ConnectionState& state) {
  sqlite3_set_authorizer(state.db, authorize, &state);
}

Result<Query> Connection::query(std::string_view sql) {
  ConnectionState& state = *state_;
  if (sql.size() > static_cast<std::size_t>(query_bytes_max)) {
    return failure(ErrorCode::limit, "a query of " + std::to_string(sql.size()) +
                                         " bytes; at most " + std::to_string(query_bytes_max));
  }
  // Before 3.41, connecting a search table asks the authorizer as if a table were made. Preparing
  // runs nothing: a first time connects, the second is judged.
  constexpr int quiet_connect_since = 3'041'000;
  if (sqlite3_libversion_number() < quiet_connect_since) {
    std::string_view unread;
    if (const auto connects = state.prepare(sql, 0, &unread)) sqlite3_finalize(*connects);
  }
  state.app_statement = true;
  state.refusal.clear();
  state.tables_read.clear();
  std::string_view rest;
  auto prepared = state.prepare(sql, 0, &rest);
  state.app_statement = false;
  if (!prepared) {
    if (state.refusal.empty()) return std::move(prepared).error();
    return failure(ErrorCode::read_only, "a query only reads: " + state.refusal +
                                             "; write through a transaction instead");
  }
  Query query{Statement(&state, *prepared, false),
              {state.tables_read.begin(), state.tables_read.end()}};
  if (!query.statement.is_open()) {
    return failure(ErrorCode::sql, "the query is empty; write one SELECT statement");
  }
  if (rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return failure(ErrorCode::sql, "more than one statement; write one SELECT at a time");
  }
  if (sqlite3_stmt_readonly(*prepared) == 0) {
    return failure(ErrorCode::read_only, "a query only reads: it would write");
  }
  return query;
}

}  // namespace rollcall
