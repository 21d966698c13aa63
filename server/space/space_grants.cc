// What devices may see and do: grants, families, revocation.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/model/path.h"
#include "engine/protocol/limits.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {

Result<GrantRecord> Space::State::insert_grant(StoredDevice& device, std::string_view scope,
                                               std::string_view role, Sequence given) {
  GrantRecord grant;
  grant.path = scope;
  grant.role = role;
  grant.given = given;
  ROLLCALL_TRY(devices->insert_grant(device.record.family, grant));
  device.record.grants.push_back(grant);
  return grant;
}

Result<GrantRecord> Space::grant(DeviceNumber number, std::string_view text) {
  State& s = *state_;
  const ScopeText scope = ScopeText::of(text);
  ROLLCALL_TRY(check_path(scope.path));
  ROLLCALL_TRY_ASSIGN(const std::string role, s.role_of(scope));
  GrantRecord grant;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(State::CachedDevice * device, s.device(number));
    if (device == nullptr) return no_such_device();
    if (device->stored.record.is_revoked()) {
      return failure(ErrorCode::not_allowed,
                     "the device was revoked: give its owner a new invitation");
    }
    auto& grants = device->stored.record.grants;
    const auto held = [&](std::string_view wanted) {
      return std::find_if(grants.begin(), grants.end(), [&](const GrantRecord& candidate) {
        return candidate.path == scope.path && candidate.role == wanted;
      });
    };
    if (held(role) != grants.end()) {
      return failure(ErrorCode::already_exists,
                     "the device has " + scope.path + " as " + role + " already");
    }
    // Whoever may do more needs no reader's grant beside it.
    const auto reader = held(role_reader);
    if (reader != grants.end()) ROLLCALL_TRY(s.end_grant(*device, reader->id));
    if (grants.size() >= device_grants_max) {
      return failure(ErrorCode::limit, "a device has at most " + std::to_string(device_grants_max) +
                                           " grants; end one, or give a prefix of several");
    }
    ROLLCALL_TRY_ASSIGN(grant, s.insert_grant(device->stored, scope.path, role, s.next));
    s.next = s.next.next();
    return s.grants_changed(*device);
  };
  ROLLCALL_TRY(s.commit(work));
  s.watch(scope.path, role);
  return grant;
}

Result<GrantRecord> Space::ungrant(DeviceNumber number, std::string_view text) {
  State& s = *state_;
  const ScopeText scope = ScopeText::of(text);
  GrantRecord ended;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(State::CachedDevice * device, s.device(number));
    if (device == nullptr) return no_such_device();
    std::vector<GrantId> given;
    for (const GrantRecord& held : device->stored.record.grants) {
      if (held.path != scope.path) continue;
      if (scope.role.empty() || held.role == scope.role) given.push_back(held.id);
    }
    if (given.empty()) {
      return failure(ErrorCode::not_found, "the device has no grant of " + std::string(text));
    }
    for (const GrantId id : given) ROLLCALL_TRY(s.end_grant(*device, id));
    ended = device->stored.ended.back();
    return s.grants_changed(*device);
  };
  ROLLCALL_TRY(s.commit(work));
  return ended;
}

Result<void> Space::State::end_grant(CachedDevice& device, GrantId id) {
  auto& grants = device.stored.record.grants;
  const auto at = std::find_if(grants.begin(), grants.end(),
                               [&](const GrantRecord& grant) { return grant.id == id; });
  ROLLCALL_CHECK(at != grants.end());
  at->ended = next;
  next = next.next();
  ROLLCALL_TRY(devices->end_grant(id, at->ended));
  device.stored.ended.push_back(*at);
  grants.erase(at);
  return {};
}

namespace {

// Whether a role shows the same of everything that was there before: fields and collections that
// are new have never been written, so that nothing of them could be missing anywhere.
bool shows_the_same(const Schema& before, RoleBook& book, RoleBits role, RoleBook& fresh_book,
                    RoleBits fresh_role, const Schema& fresh) {
  for (const CollectionDef& collection : before.collections) {
    const FieldView& view = book.view(collection.id, role);
    const FieldView& fresh_view = fresh_book.view(collection.id, fresh_role);
    if (view.shows != fresh_view.shows) return false;
    if (!view.shows) continue;
    const CollectionDef& now = *fresh.find(collection.id);
    for (std::size_t i = 0; i < collection.fields.size(); ++i) {
      const auto position = now.position(collection.fields[i].id);
      if (!position || view.mask[i] != fresh_view.mask[*position]) return false;
    }
  }
  return true;
}

}  // namespace

Result<void> Space::State::renew_grants(const Schema& fresh) {
  RoleBook& present_book = roles->book();
  RoleBook fresh_book(fresh);
  std::vector<std::string> changed;
  for (const RoleDef& role : present_book.roles()) {
    const RoleBits fresh_role = fresh_book.bit(role.name);
    if (fresh_role == 0) {
      ROLLCALL_TRY_ASSIGN(const std::uint64_t given, devices->count_granted(role.name));
      if (given == 0) continue;
      return failure(ErrorCode::schema_change, "the role \"" + role.name + "\" is gone, and " +
                                                   std::to_string(given) +
                                                   " grants give it: keep it, or end them first");
    }
    if (!shows_the_same(*schema, present_book, present_book.bit(role.name), fresh_book, fresh_role,
                        fresh)) {
      changed.push_back(role.name);
    }
  }
  if (changed.empty()) return {};
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceNumber> numbers, devices->numbers());
  for (const DeviceNumber number : numbers) {
    ROLLCALL_TRY_ASSIGN(CachedDevice * held, device(number));
    ROLLCALL_CHECK(held != nullptr);
    if (held->stored.record.family != number) continue;  // with the first of its family
    std::vector<GrantRecord> renewed;
    for (const GrantRecord& grant : held->stored.record.grants) {
      if (std::find(changed.begin(), changed.end(), grant.role) != changed.end()) {
        renewed.push_back(grant);
      }
    }
    if (renewed.empty()) continue;
    for (const GrantRecord& grant : renewed) {
      ROLLCALL_TRY(end_grant(*held, grant.id));
      ROLLCALL_TRY(insert_grant(held->stored, grant.path, grant.role, next));
      next = next.next();
    }
    ROLLCALL_TRY(grants_changed(*held));
  }
  return {};
}

Result<std::vector<Space::State::CachedDevice*>> Space::State::family_of(
    const DeviceRecord& device_of_it) {
  ROLLCALL_TRY_ASSIGN(std::vector<DeviceNumber> numbers, devices->offspring(device_of_it.family));
  numbers.insert(numbers.begin(), device_of_it.family);
  std::vector<CachedDevice*> family;
  for (const DeviceNumber number : numbers) {
    ROLLCALL_TRY_ASSIGN(CachedDevice * member, device(number));
    ROLLCALL_CHECK(member != nullptr);
    family.push_back(member);
  }
  return family;
}

Result<void> Space::State::grants_changed(CachedDevice& device) {
  ROLLCALL_TRY_ASSIGN(const std::vector<CachedDevice*> family, family_of(device.stored.record));
  for (CachedDevice* member : family) {
    DeviceRecord& record = member->stored.record;
    if (member != &device) {
      record.grants = device.stored.record.grants;
      member->stored.ended = device.stored.ended;
    }
    ++record.grants_version;
    news.grants.push_back(record.number);
    ROLLCALL_TRY(devices->save_grants_version(record.number, record.grants_version));
  }
  return {};
}

Result<DeviceRecord> Space::revoke(DeviceNumber number, bool erase) {
  State& s = *state_;
  DeviceRecord revoked;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(State::CachedDevice * device, s.device(number));
    if (device == nullptr) return no_such_device();
    if (device->stored.record.local) {
      return failure(ErrorCode::not_allowed,
                     "that is this server's own device, for imports: delete its key instead");
    }
    ROLLCALL_TRY(s.revoke(*device, erase));
    revoked = device->stored.record;
    return {};
  };
  ROLLCALL_TRY(s.commit(work));
  return revoked;
}

Result<void> Space::State::revoke(CachedDevice& device, bool erase) {
  const bool was_revoked = device.stored.record.is_revoked();
  if (!was_revoked) ROLLCALL_TRY(count_revocations(header.revocations + 1));
  ROLLCALL_TRY_ASSIGN(const std::vector<CachedDevice*> family, family_of(device.stored.record));
  ROLLCALL_TRY(list_revocation(family, erase));
  for (CachedDevice* member : family) {
    DeviceRecord& record = member->stored.record;
    record.erase = record.erase || erase;
    if (!record.is_revoked()) {
      record.revoked = next;
      record.revoked_ms = now_ms;
      record.grants_before = record.grants;
    }
    ROLLCALL_TRY(devices->save_revocation(record));
  }
  // Every sequence is somebody's: one that tells nothing new is not taken.
  if (was_revoked) return grants_changed(device);
  // All end at one place, which also tells which these were.
  for (GrantRecord& grant : device.stored.record.grants) {
    grant.ended = next;
    ROLLCALL_TRY(devices->end_grant(grant.id, next));
    device.stored.ended.push_back(grant);
  }
  device.stored.record.grants.clear();
  next = next.next();
  return grants_changed(device);
}

}  // namespace rollcall
