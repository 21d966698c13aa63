#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/storage/statement.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// Characters of a typed code by which its invitation is found, so that a wrong rest counts against
// that one invitation. No two open invitations share them.
inline constexpr std::size_t code_finder_length = 3;

// An invitation as the file keeps it: hashes, never the secrets themselves.
struct StoredInvitation {
  std::int64_t id = 0;
  Hash secret;         // BLAKE2b-256 of the link's secret
  std::string finder;  // of the typed code
  Hash code;           // BLAKE2b-256 of the whole code
  std::int64_t expires_ms = 0;
  std::uint32_t wrong_tries = 0;
  bool used = false;
  DeviceNumber used_by;  // whose answer may have been lost: it may ask again until it expires
  std::string label;
  std::vector<std::string> scopes;
  DeviceNumber replaces;  // 0: none
};

// Table `_invitations`. Writes belong into the caller's transaction.
class InvitationTable {
 public:
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  explicit InvitationTable(Connection& connection) : connection_(&connection) {}

  Result<void> insert(const StoredInvitation& invitation);
  Result<std::optional<StoredInvitation>> find_secret(const Hash& secret);
  // The one with this finder that is not dead, the latest if there are several.
  Result<std::optional<StoredInvitation>> find_code(std::string_view finder);
  Result<void> note_wrong_try(std::int64_t id);
  Result<void> use(std::int64_t id, DeviceNumber device);
  // Forgets those that expired before `ms`; counts those that are left open.
  Result<void> forget_before(std::int64_t ms);
  Result<std::size_t> count_open(std::int64_t now_ms);

 private:
  Connection* connection_;
};

// Wrong tries of a whole space, in memory: how many guesses it takes before enrolment rests.
class WrongTries {
 public:
  // True when so many were made of late that none is looked at.
  [[nodiscard]] bool resting(std::int64_t steady_ms);
  void note(std::int64_t steady_ms) { times_.push_back(steady_ms); }

 private:
  std::deque<std::int64_t> times_;
};

}  // namespace rollcall
