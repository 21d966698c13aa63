#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"

namespace rollcall {

// A path prefix and a role that a device has, or had. Its identity is its own: the same path given
// again is another grant.
struct GrantRecord {
  GrantId id;
  std::string path;
  std::string role;
  Sequence given;
  Sequence ended;  // 0: it is active
  [[nodiscard]] bool is_active() const { return ended.value == 0; }
  // Whether it counted for somebody who had read up to `cursor`.
  [[nodiscard]] bool was_active_at(Sequence cursor) const {
    return given <= cursor && (is_active() || ended > cursor);
  }
};

// How people write a grant: "unit/nc/wake=captain", or the path alone.
struct ScopeText {
  std::string path;
  std::string role;  // empty: none is named
  static ScopeText of(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return {std::string(text), ""};
    return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  }
};

struct DeviceRecord {
  [[nodiscard]] bool is_revoked() const { return revoked.value != 0; }

  DeviceNumber number;
  // The first device of those that came from one another by forks: a family has one list of grants,
  // and is revoked as a whole.
  DeviceNumber family;
  PublicKey key;
  std::string label;
  std::int64_t enrolled_ms = 0;
  bool local = false;  // of this server itself (imports): may write everywhere, reads nothing
  std::uint64_t grants_version = 0;
  TxNumber last_tx;  // of its chain
  Hash head;
  Stamp last_accepted;
  std::int64_t last_push_ms = 0;  // when it last brought a transaction; 0: never
  // From where on in commit order it reads nothing and all that it pushes is parked; 0: it is not
  // revoked.
  Sequence revoked;
  std::int64_t revoked_ms = 0;
  // Of one that came from another by a fork: whom, after which transaction, and the head there.
  DeviceNumber forked_from;
  TxNumber forked_at;
  Hash forked_head;
  std::int64_t forked_ms = 0;
  bool erase = false;               // at its next contact, without waiting for what it has not sent
  std::vector<GrantRecord> grants;  // active ones, ascending by id
  // Of a revoked one: those that its revocation ended.
  std::vector<GrantRecord> grants_before;
};

// What a new device needs to come in. The secret and the code are shown once and never stored: the
// file keeps hashes.
struct Invitation {
  Bytes secret;      // for the link (engine/protocol/invitation_link.h)
  std::string code;  // 8 typed characters
  std::int64_t expires_ms = 0;
  std::string label;
  std::vector<std::string> scopes;  // ScopeText
  DeviceNumber replaces;            // revoked when this is used up; 0: none
};

}  // namespace rollcall
