#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "client-core/replica/query.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

class Connection;

// Reads for apps: SQL over the views, full-text search, and queries that are run again when what
// they read has changed. A change is known by table, so an observer may be called for a change that
// does not concern it, but never missed.
class Queries {
 public:
  explicit Queries(Connection& connection) : connection_(&connection) {}

  Result<QueryRows> run(std::string_view sql, std::span<const ValueView> parameters);
  Result<std::vector<RowId>> search(const CollectionDef& collection, std::string_view words,
                                    std::size_t limit);

  Result<ObserverId> observe(std::string_view sql, std::span<const ValueView> parameters,
                             Observer observer);
  void unobserve(ObserverId id);
  // A commit left these tables (names as in the file) as they were, and perhaps changed any other.
  void changed_all_but(const std::set<std::string>& tables);
  void everything_changed();
  Result<void> deliver();

 private:
  struct Observed {
    std::string sql;
    std::vector<Value> parameters;
    Observer observer;
    std::vector<std::string> tables;  // that it reads, ascending
    bool is_due = true;
  };
  Result<void> run_observed(Observed& observed);

  Connection* connection_;
  std::map<std::uint64_t, Observed> observed_;
  std::uint64_t last_observer_ = 0;
};

}  // namespace rollcall
