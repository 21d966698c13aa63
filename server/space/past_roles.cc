#include "server/space/past_roles.h"

#include <utility>

#include "engine/storage/connection.h"
#include "schema/compiled.h"
#include "server/space/limits.h"

namespace rollcall {
namespace {

constexpr const char* create_past_schemas_sql =
    "CREATE TABLE _past_schemas(until INTEGER PRIMARY KEY, schema BLOB NOT NULL)";

}  // namespace

std::vector<std::string> PastRoles::create_statements() { return {create_past_schemas_sql}; }
std::vector<Upgrade> PastRoles::upgrades() {
  return {{"_past_schemas", "", create_past_schemas_sql}};
}

Result<PastRoles> PastRoles::load(Connection& connection, const Cryptography& cryptography) {
  PastRoles loaded;
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection.cached("SELECT until, schema FROM _past_schemas ORDER BY until"));
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return loaded;
    ROLLCALL_TRY_ASSIGN(Schema schema, decode_schema(select.bytes(1), cryptography));
    Past past;
    past.until = Sequence(static_cast<std::uint64_t>(select.integer(0)));
    past.schema = std::make_unique<Schema>(std::move(schema));
    past.roles = std::make_unique<RoleBook>(*past.schema);
    loaded.past_.push_back(std::move(past));
  }
}

Result<void> PastRoles::add(Connection& connection, Sequence until, const Schema& schema,
                            const Cryptography& cryptography) {
  {
    // Of two changes without anything between them, the first one's roles were those that counted.
    ROLLCALL_TRY_ASSIGN(
        Statement insert,
        connection.cached("INSERT OR IGNORE INTO _past_schemas(until, schema) VALUES(?1, ?2)"));
    const Bytes compiled = encode_schema(schema);
    insert.bind_integer(1, static_cast<std::int64_t>(until.value));
    insert.bind_bytes(2, compiled);
    ROLLCALL_TRY(insert.run());
    ROLLCALL_TRY_ASSIGN(
        Statement forget,
        connection.cached("DELETE FROM _past_schemas WHERE until NOT IN "
                          "(SELECT until FROM _past_schemas ORDER BY until DESC LIMIT ?1)"));
    forget.bind_integer(1, static_cast<std::int64_t>(past_schemas_max));
    ROLLCALL_TRY(forget.run());
  }
  ROLLCALL_TRY_ASSIGN(*this, load(connection, cryptography));
  return {};
}

RoleBook* PastRoles::at(Sequence cursor) const {
  for (const Past& past : past_) {
    if (cursor < past.until) return past.roles.get();
  }
  return nullptr;
}

}  // namespace rollcall
