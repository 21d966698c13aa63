#include "client-core/replica/queries.h"

#include <algorithm>
#include <utility>

#include "client-core/replica/limits.h"
#include "engine/storage/connection.h"
#include "engine/storage/layout.h"

namespace rollcall {

// ---- One running query

struct QueryRows::Running {
  Statement statement;
  std::vector<Value> parameters;  // bound as views
};

QueryRows::QueryRows(std::unique_ptr<Running> running) : running_(std::move(running)) {}
QueryRows::QueryRows(QueryRows&&) noexcept = default;
QueryRows& QueryRows::operator=(QueryRows&&) noexcept = default;
QueryRows::~QueryRows() = default;

Result<bool> QueryRows::step() { return running_->statement.step(); }

std::size_t QueryRows::columns() const {
  return static_cast<std::size_t>(running_->statement.columns());
}

std::string_view QueryRows::name(std::size_t column) const {
  return running_->statement.column_name(static_cast<int>(column));
}

ValueView QueryRows::value(std::size_t column) const {
  return running_->statement.value(static_cast<int>(column));
}

// ---- Queries

Result<QueryRows> Queries::run(std::string_view sql, std::span<const ValueView> parameters) {
  ROLLCALL_TRY_ASSIGN(Query query, connection_->query(sql));
  if (parameters.size() != static_cast<std::size_t>(query.statement.parameters())) {
    return failure(ErrorCode::sql, "the query has " + std::to_string(query.statement.parameters()) +
                                       " parameters, and " + std::to_string(parameters.size()) +
                                       " were given");
  }
  auto running = std::make_unique<QueryRows::Running>();
  running->statement = std::move(query.statement);
  running->parameters.reserve(parameters.size());
  for (const ValueView& parameter : parameters) {
    running->parameters.emplace_back(parameter);
    running->statement.bind(static_cast<int>(running->parameters.size()),
                            running->parameters.back());
  }
  return QueryRows(std::move(running));
}

Result<std::vector<RowId>> Queries::search(const CollectionDef& collection, std::string_view words,
                                           std::size_t limit) {
  if (!is_searchable(collection)) {
    return failure(ErrorCode::invalid_argument,
                   collection.name + " has no searchable field; mark one with \"search\"");
  }
  if (!is_utf8(words)) return failure(ErrorCode::not_utf8, "the words to search are not UTF-8");
  // Each word as a quoted string, so that nothing in it is query syntax; each may be a
  // beginning.
  std::string match;
  std::size_t at = 0;
  while (at < words.size()) {
    const std::size_t start = words.find_first_not_of(" \t\r\n", at);
    if (start == std::string_view::npos) break;
    at = std::min(words.find_first_of(" \t\r\n", start), words.size());
    match += match.empty() ? "\"" : " \"";
    for (const char c : words.substr(start, at - start)) {
      if (c == '\0') continue;
      match.append(c == '"' ? 2 : 1, c);
    }
    match += "\"*";
  }
  std::vector<RowId> found;
  if (match.empty()) return found;
  const std::string index = search_table_name(collection);
  ROLLCALL_TRY_ASSIGN(
      Statement search,
      connection_->cached("SELECT r._id FROM " + index + " AS s JOIN " + table_name(collection) +
                          " AS r ON r._key = s.rowid WHERE s." + index +
                          " MATCH ?1 ORDER BY s.rank, r._key LIMIT ?2"));
  search.bind_text(1, match);
  search.bind_integer(2, static_cast<std::int64_t>(std::min(limit, listed_rows_max)));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, search.step());
    if (!more) return found;
    ROLLCALL_TRY_ASSIGN(const RowId id, search.id(0));
    found.push_back(id);
  }
}

// ---- Observed queries

Result<ObserverId> Queries::observe(std::string_view sql, std::span<const ValueView> parameters,
                                    Observer observer) {
  Observed observed;
  observed.sql = std::string(sql);
  for (const ValueView& parameter : parameters) observed.parameters.emplace_back(parameter);
  observed.observer = std::move(observer);
  ROLLCALL_TRY_ASSIGN(Query query, connection_->query(sql));
  observed.tables = std::move(query.tables);
  ROLLCALL_TRY(run_observed(observed));
  const ObserverId id(++last_observer_);
  observed_.emplace(id.value, std::move(observed));
  return id;
}

void Queries::unobserve(ObserverId id) { observed_.erase(id.value); }

Result<void> Queries::run_observed(Observed& observed) {
  std::vector<ValueView> parameters(observed.parameters.begin(), observed.parameters.end());
  ROLLCALL_TRY_ASSIGN(QueryRows rows, run(observed.sql, parameters));
  observed.is_due = false;
  observed.observer(rows);
  return {};
}

void Queries::changed_all_but(const std::set<std::string>& tables) {
  for (auto& [id, observed] : observed_) {
    observed.is_due = observed.is_due || std::any_of(observed.tables.begin(), observed.tables.end(),
                                                     [&](const std::string& table) {
                                                       return !tables.contains(table);
                                                     });
  }
}

void Queries::everything_changed() {
  for (auto& [id, observed] : observed_) observed.is_due = true;
}

Result<void> Queries::deliver() {
  std::vector<std::uint64_t> due;
  for (const auto& [id, observed] : observed_) {
    if (observed.is_due) due.push_back(id);
  }
  for (const std::uint64_t id : due) {
    // An observer may have ended the observation of another one.
    const auto observed = observed_.find(id);
    if (observed != observed_.end()) ROLLCALL_TRY(run_observed(observed->second));
  }
  return {};
}

}  // namespace rollcall
