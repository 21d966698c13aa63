#include "client-core/replica/grants.h"

#include <algorithm>
#include <array>
#include <set>

#include "client-core/replica/boundary.h"
#include "engine/model/path.h"
#include "engine/storage/connection.h"

namespace rollcall {
namespace {

std::int64_t whole(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// A kiosk opens with its event; a captain then wants trainings, then the precinct.
std::size_t rank_of(std::string_view path) {
  constexpr std::array<std::string_view, 3> first_kinds = {"event", "training", "unit"};
  const std::string_view segment = path.substr(0, path.find('/'));
  return static_cast<std::size_t>(std::find(first_kinds.begin(), first_kinds.end(), segment) -
                                  first_kinds.begin());
}

bool same(const HeldGrant& a, const HeldGrant& b) {
  return a.grant == b.grant && a.sum == b.sum && a.state == b.state && a.position == b.position &&
         a.through == b.through && a.begun == b.begun && a.has_older_rows == b.has_older_rows &&
         a.reread == b.reread && a.diverged_until_ms == b.diverged_until_ms;
}

}  // namespace

std::vector<std::string> Grants::create_statements() {
  return {
      "CREATE TABLE _grants(id INTEGER PRIMARY KEY, path TEXT NOT NULL, role TEXT NOT NULL, sum "
      "INTEGER NOT NULL, state INTEGER NOT NULL, position BLOB NOT NULL, through BLOB, begun "
      "INTEGER NOT NULL, has_older_rows INTEGER NOT NULL, reread INTEGER NOT NULL, "
      "diverged_until_ms INTEGER NOT NULL)"};
}

Result<void> Grants::reload() {
  grants_.clear();
  covered_.clear();
  ROLLCALL_TRY_ASSIGN(
      Statement load,
      connection_->cached("SELECT id, path, role, sum, state, position, through, begun, "
                          "has_older_rows, reread, diverged_until_ms FROM _grants ORDER BY id"));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, load.step());
    if (!more) break;
    HeldGrant held;
    held.grant.id = GrantId(static_cast<std::uint64_t>(load.integer(0)));
    held.grant.path = std::string(load.text(1));
    held.grant.role = std::string(load.text(2));
    held.sum = static_cast<std::uint64_t>(load.integer(3));
    held.state = static_cast<GrantState>(load.integer(4));
    held.position = Bytes(load.bytes(5));
    ROLLCALL_TRY_ASSIGN(held.through, decode_boundary(load.bytes(6)));
    held.begun = load.integer(7) != 0;
    held.has_older_rows = load.integer(8) != 0;
    held.reread = load.integer(9) != 0;
    held.diverged_until_ms = load.integer(10);
    grants_.push_back(std::move(held));
  }
  saved_ = grants_;
  find_roles();
  return {};
}

Result<void> Grants::save() {
  const auto saved_as = [this](GrantId id) {
    return std::find_if(saved_.begin(), saved_.end(),
                        [&](const HeldGrant& held) { return held.grant.id == id; });
  };
  for (const HeldGrant& held : saved_) {
    if (find(held.grant.id) != nullptr) continue;
    ROLLCALL_TRY_ASSIGN(Statement erase, connection_->cached("DELETE FROM _grants WHERE id = ?"));
    erase.bind_integer(1, whole(held.grant.id.value));
    ROLLCALL_TRY(erase.run());
  }
  for (const HeldGrant& held : grants_) {
    const auto before = saved_as(held.grant.id);
    if (before != saved_.end() && same(*before, held)) continue;
    ROLLCALL_TRY_ASSIGN(Statement save, connection_->cached("INSERT OR REPLACE INTO _grants "
                                                            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                                            "?)"));
    const Bytes through = encode_boundary(held.through);
    save.bind_integer(1, whole(held.grant.id.value));
    save.bind_text(2, held.grant.path);
    save.bind_text(3, held.grant.role);
    save.bind_integer(4, whole(held.sum));
    save.bind_integer(5, static_cast<std::int64_t>(held.state));
    save.bind_bytes(6, held.position);
    save.bind_bytes(7, through);
    save.bind_integer(8, held.begun ? 1 : 0);
    save.bind_integer(9, held.has_older_rows ? 1 : 0);
    save.bind_integer(10, held.reread ? 1 : 0);
    save.bind_integer(11, held.diverged_until_ms);
    ROLLCALL_TRY(save.run());
  }
  saved_ = grants_;
  return {};
}

HeldGrant* Grants::find(GrantId id) {
  const auto found = std::find_if(grants_.begin(), grants_.end(),
                                  [&](const HeldGrant& held) { return held.grant.id == id; });
  return found == grants_.end() ? nullptr : &*found;
}

std::uint64_t Grants::bit(GrantId id) const {
  for (std::size_t i = 0; i < grants_.size(); ++i) {
    if (grants_[i].grant.id == id) return std::uint64_t{1} << i;
  }
  return 0;
}

std::uint32_t Grants::lease_hours() const {
  std::uint32_t shortest = 0;
  for (const HeldGrant& held : grants_) {
    const std::uint32_t hours = roles_->lease_hours(held.grant.role);
    if (hours != 0 && (shortest == 0 || hours < shortest)) shortest = hours;
  }
  return shortest;
}

std::vector<GrantId> Grants::replace(std::span<const Grant> list) {
  std::vector<HeldGrant> next;
  std::vector<GrantId> fresh;
  for (const Grant& grant : list) {
    const HeldGrant* held = find(grant.id);
    if (held != nullptr && held->grant == grant) {  // a restored server may give an id again
      next.push_back(*held);
    } else {
      next.emplace_back().grant = grant;
      fresh.push_back(grant.id);
    }
  }
  std::sort(next.begin(), next.end(),
            [](const HeldGrant& a, const HeldGrant& b) { return a.grant.id < b.grant.id; });
  grants_ = std::move(next);
  covered_.clear();
  find_roles();
  return fresh;
}

void Grants::choose_schema(const Schema& schema) {
  schema_ = &schema;
  roles_ = std::make_unique<RoleBook>(schema);
  find_roles();
}

void Grants::find_roles() {
  showing_.clear();
  role_bits_.clear();
  if (!roles_) return;  // a list that is only to be saved
  for (const HeldGrant& held : grants_) role_bits_.push_back(roles_->bit(held.grant.role));
}

std::uint64_t Grants::showing(std::uint64_t grants, CollectionId collection) {
  const auto [known, is_new] = showing_.try_emplace(collection, 0);
  if (is_new) {
    const bool is_known = schema_->find(collection) != nullptr;
    const RoleBits roles = roles_->showing(collection);
    for (std::size_t i = 0; i < role_bits_.size(); ++i) {
      if (!is_known || (role_bits_[i] & roles) != 0) known->second |= std::uint64_t{1} << i;
    }
  }
  return grants & known->second;
}

const FieldView* Grants::view(std::uint64_t grants, CollectionId collection) {
  if (schema_->find(collection) == nullptr) return nullptr;
  RoleBits roles = 0;
  for (std::size_t i = 0; grants != 0; ++i, grants >>= 1) {
    if ((grants & 1) != 0) roles |= role_bits_[i];
  }
  const FieldView& seen = roles_->view(collection, roles);
  return seen.all ? nullptr : &seen;
}

bool Grants::may_write(CollectionId collection, bool insert, FieldId field) const {
  const auto allows = [&](RoleBits role) {
    if (role == 0) return true;
    const CollectionRights* rights = roles_->rights(role, collection);
    if (rights == nullptr) return false;
    const bool is_deletion = field.value == 0;
    // Every insert says that its row is not deleted.
    if (insert) return rights->insert && (is_deletion || rights->insert->has(field));
    return is_deletion ? rights->remove : rights->update && rights->update->has(field);
  };
  return std::any_of(role_bits_.begin(), role_bits_.end(), allows);
}

std::string Grants::role_names() const {
  std::string names;
  std::set<std::string_view> named;
  for (const HeldGrant& held : grants_) {
    if (!named.insert(held.grant.role).second) continue;
    names += (names.empty() ? "" : ", ") + held.grant.role;
  }
  return names;
}

bool Grants::is_covered(std::string_view path, CollectionId collection) {
  for (std::size_t i = 0; i < grants_.size(); ++i) {
    if (!covers(grants_[i].grant.path, path)) continue;
    if (showing(std::uint64_t{1} << i, collection) != 0) return true;
  }
  return false;
}

std::vector<GrantId> Grants::complete(bool staged) const {
  std::vector<GrantId> ids;
  for (const HeldGrant& held : grants_) {
    if (held.state == GrantState::complete || (staged && held.state == GrantState::staged)) {
      ids.push_back(held.grant.id);
    }
  }
  return ids;
}

bool Grants::all_complete() const {
  return std::all_of(grants_.begin(), grants_.end(),
                     [](const HeldGrant& held) { return held.state == GrantState::complete; });
}

const HeldGrant* Grants::next_wanted() const {
  const HeldGrant* next = nullptr;
  for (const HeldGrant& held : grants_) {
    if (held.state != GrantState::wanted) continue;
    // One that is under way goes on first: its pages then lie close together in time.
    if (held.begun) return &held;
    if (next == nullptr || rank_of(held.grant.path) < rank_of(next->grant.path)) next = &held;
  }
  return next;
}

std::span<const CoveredPath> Grants::covered(std::int64_t path_set) {
  const auto found = covered_.find(path_set);
  if (found != covered_.end()) return found->second;
  std::vector<CoveredPath> paths;
  for (const std::string& path : path_sets_->paths(path_set)) {
    CoveredPath& entry = paths.emplace_back();
    entry.path = path;
    for (std::size_t i = 0; i < grants_.size(); ++i) {
      if (covers(grants_[i].grant.path, path)) entry.grants |= std::uint64_t{1} << i;
    }
    if (entry.grants == 0) paths.pop_back();
  }
  return covered_.emplace(path_set, std::move(paths)).first->second;
}

std::uint64_t Grants::combined() const {
  std::uint64_t sum = 0;
  for (const HeldGrant& held : grants_) {
    if (held.state == GrantState::complete) sum += share_of({held.grant.id, held.sum});
  }
  return sum;
}

}  // namespace rollcall
