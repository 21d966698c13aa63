#include "server/space/invitation_table.h"

#include <utility>

#include "engine/storage/connection.h"
#include "server/space/limits.h"

namespace rollcall {
namespace {

constexpr std::string_view columns =
    "SELECT id, secret, finder, code, expires_ms, wrong_tries, used, label, scopes, "
    "replaces, used_by "
    "FROM _invitations ";

// A path holds no line break.
std::string join_lines(const std::vector<std::string>& lines) {
  std::string joined;
  for (const std::string& line : lines) {
    if (!joined.empty()) joined.push_back('\n');
    joined.append(line);
  }
  return joined;
}

std::vector<std::string> split_lines(std::string_view joined) {
  std::vector<std::string> lines;
  while (!joined.empty()) {
    const std::size_t end = joined.find('\n');
    lines.emplace_back(joined.substr(0, end));
    joined = end == std::string_view::npos ? std::string_view() : joined.substr(end + 1);
  }
  return lines;
}

Result<std::optional<StoredInvitation>> read_one(Statement& select) {
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<StoredInvitation>();
  if (select.bytes(1).size() != Hash::size_bytes || select.bytes(3).size() != Hash::size_bytes) {
    return failure(ErrorCode::corrupt, "_invitations: a hash is not 32 bytes");
  }
  StoredInvitation invitation;
  invitation.id = select.integer(0);
  invitation.secret = Hash::from_bytes(select.bytes(1));
  invitation.finder = select.text(2);
  invitation.code = Hash::from_bytes(select.bytes(3));
  invitation.expires_ms = select.integer(4);
  invitation.wrong_tries = static_cast<std::uint32_t>(select.integer(5));
  invitation.used = select.integer(6) != 0;
  invitation.label = select.text(7);
  invitation.scopes = split_lines(select.text(8));
  invitation.replaces = DeviceNumber(static_cast<std::uint32_t>(select.integer(9)));
  invitation.used_by = DeviceNumber(static_cast<std::uint32_t>(select.integer(10)));
  select.reset();
  return std::optional<StoredInvitation>(std::move(invitation));
}

}  // namespace

std::vector<std::string> InvitationTable::create_statements() {
  return {
      "CREATE TABLE _invitations(id INTEGER PRIMARY KEY, secret BLOB NOT NULL UNIQUE, "
      "finder TEXT NOT NULL, code BLOB NOT NULL, expires_ms INTEGER NOT NULL, "
      "wrong_tries INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL DEFAULT 0, "
      "label TEXT NOT NULL, scopes TEXT NOT NULL, replaces INTEGER NOT NULL DEFAULT 0, "
      "used_by INTEGER NOT NULL DEFAULT 0)",
      "CREATE INDEX _invitations_finder ON _invitations(finder)",
  };
}

std::vector<Upgrade> InvitationTable::upgrades() {
  return {{"_invitations", "replaces",
           "ALTER TABLE _invitations ADD COLUMN replaces INTEGER NOT NULL DEFAULT 0"},
          {"_invitations", "used_by",
           "ALTER TABLE _invitations ADD COLUMN used_by INTEGER NOT NULL DEFAULT 0"}};
}

Result<void> InvitationTable::insert(const StoredInvitation& invitation) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached(
          "INSERT INTO _invitations(secret, finder, code, expires_ms, label, scopes, replaces) "
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  const std::string scopes = join_lines(invitation.scopes);
  insert.bind_bytes(1, invitation.secret.view());
  insert.bind_text(2, invitation.finder);
  insert.bind_bytes(3, invitation.code.view());
  insert.bind_integer(4, invitation.expires_ms);
  insert.bind_text(5, invitation.label);
  insert.bind_text(6, scopes);
  insert.bind_integer(7, invitation.replaces.value);
  return insert.run();
}

Result<std::optional<StoredInvitation>> InvitationTable::find_secret(const Hash& secret) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached(std::string(columns) + "WHERE secret = ?1"));
  select.bind_bytes(1, secret.view());
  return read_one(select);
}

Result<std::optional<StoredInvitation>> InvitationTable::find_code(std::string_view finder) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(std::string(columns) + "WHERE finder = ?1 AND "
                                                 "wrong_tries < ?2 ORDER BY id DESC LIMIT 1"));
  select.bind_text(1, finder);
  select.bind_integer(2, code_tries_max);
  return read_one(select);
}

Result<void> InvitationTable::note_wrong_try(std::int64_t id) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _invitations SET wrong_tries = wrong_tries + 1 WHERE id = ?1"));
  update.bind_integer(1, id);
  return update.run();
}

Result<void> InvitationTable::use(std::int64_t id, DeviceNumber device) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _invitations SET used = 1, used_by = ?2 WHERE id = ?1"));
  update.bind_integer(1, id);
  update.bind_integer(2, device.value);
  return update.run();
}

Result<void> InvitationTable::forget_before(std::int64_t ms) {
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _invitations WHERE expires_ms < ?1"));
  erase.bind_integer(1, ms);
  return erase.run();
}

Result<std::size_t> InvitationTable::count_open(std::int64_t now_ms) {
  ROLLCALL_TRY_ASSIGN(
      Statement count,
      connection_->cached("SELECT count(*) FROM _invitations WHERE used = 0 AND expires_ms >= ?1"));
  count.bind_integer(1, now_ms);
  ROLLCALL_TRY(count.step());
  return static_cast<std::size_t>(count.integer(0));
}

bool WrongTries::resting(std::int64_t steady_ms) {
  while (!times_.empty() && times_.front() + wrong_try_ms <= steady_ms) times_.pop_front();
  return times_.size() >= wrong_tries_max;
}

}  // namespace rollcall
