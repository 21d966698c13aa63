#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/model/role_book.h"
#include "engine/model/write.h"
#include "server/space/device_table.h"

namespace rollcall {

// What a device may write, at the place of its transaction in commit order. Deny by default.
//
// A field may be written in a row that lies at some path under a grant whose role writes the field:
// a kiosk that has the event, not the person's unit, writes the event's registrations. Fields of
// one row may be allowed by different grants.
class Authority {
 public:
  enum class Standing : std::uint8_t {
    allowed,
    lost,  // a grant that was active at the transaction's cursor covered it by its role's rights of
           // then, none does now
    denied,
  };

  // What is to be done to rows of one collection. `fields` must live as long.
  struct Wish {
    CollectionId collection;
    bool insert = false;
    std::span<const FieldId> fields;
    std::uint64_t whole = 0;     // active grants, by place, whose role allows all of it
    std::uint64_t anywhere = 0;  // of these, those that allow it on any path
  };
  struct Ruling {
    Standing standing = Standing::denied;
    FieldId field;  // that is not allowed
  };

  // All must live as long. `then`: the roles that counted at `cursor`, if they are others; null:
  // they are the same. `cursor`: what the transaction's author had read up to. `approved`: it was
  // parked, and somebody who may decide accepted it.
  Authority(const StoredDevice& device, RoleBook& roles, RoleBook* then, Sequence cursor,
            bool approved)
      : device_(&device),
        roles_(&roles),
        then_(then),
        cursor_(cursor),
        is_free_(device.record.local || approved) {}

  // May write everything everywhere: this server itself, and what somebody accepted.
  [[nodiscard]] bool is_free() const { return is_free_; }

  [[nodiscard]] Wish wish(CollectionId collection, bool insert,
                          std::span<const FieldId> fields) const;

  // Whether the wish is allowed for a row at these paths; `is_new`: for one that is not there yet.
  // Paths: any range of things that are a string_view.
  template <class Paths>
  [[nodiscard]] Ruling over(const Wish& wish, const Paths& paths, bool is_new) const {
    if (is_free_) return {Standing::allowed, {}};
    if (is_new && wish.anywhere != 0) return {Standing::allowed, {}};
    for (const std::string_view path : paths) {
      if (covers_whole(wish, path)) return {Standing::allowed, {}};
    }
    Ruling ruling{wish.fields.empty() ? Standing::denied : Standing::allowed, {}};
    for (const FieldId field : wish.fields) {
      const Standing standing = field_over(wish, field, paths);
      if (standing <= ruling.standing) continue;
      ruling = {standing, field};
    }
    if (ruling.standing == Standing::denied && is_new && was_anywhere(wish)) {
      ruling.standing = Standing::lost;
    }
    return ruling;
  }

  // Whether the device sees a row of the collection at these paths.
  template <class Paths>
  [[nodiscard]] Standing sees(CollectionId collection, const Paths& paths) const {
    if (is_free_) return Standing::allowed;
    return best(paths, [&](const RoleBook& roles, RoleBits role) {
      return (role & roles.showing(collection)) != 0;
    });
  }

  // Whether it reads every field that the write names, in a row at these paths. Whoever does not
  // must not learn from an answer whether the row says the same.
  template <class Paths>
  [[nodiscard]] bool reads(CollectionId collection, const Paths& paths,
                           const RowWrite& write) const {
    if (is_free_) return true;
    return std::all_of(write.fields.begin(), write.fields.end(), [&](const FieldWrite& field) {
      return best(paths, [&](const RoleBook& roles, RoleBits role) {
               const CollectionRights* rights = roles.rights(role, collection);
               if (rights == nullptr || !rights->read) return false;
               return field.field.value == 0 || rights->read->has(field.field);
             }) == Standing::allowed;
    });
  }

  // Whether it may open the next generation of fields of a row at these paths.
  template <class Paths>
  [[nodiscard]] bool may_undo(CollectionId collection, const Paths& paths) const {
    if (is_free_) return true;
    return best(paths, [&](const RoleBook& roles, RoleBits role) {
             const CollectionRights* rights = roles.rights(role, collection);
             return rights != nullptr && rights->undo;
           }) == Standing::allowed;
  }

 private:
  [[nodiscard]] bool covers_whole(const Wish& wish, std::string_view path) const;
  [[nodiscard]] static bool allows(const RoleBook& roles, RoleBits role, const Wish& wish,
                                   FieldId field);
  // Whether a grant of then allowed all of it on any path.
  [[nodiscard]] bool was_anywhere(const Wish& wish) const;

  template <class Paths>
  [[nodiscard]] Standing field_over(const Wish& wish, FieldId field, const Paths& paths) const {
    return best(paths, [&](const RoleBook& roles, RoleBits role) {
      return allows(roles, role, wish, field);
    });
  }
  template <class Paths, class Allows>
  [[nodiscard]] Standing best(const Paths& paths, const Allows& allows) const {
    Standing best = Standing::denied;
    const RoleBook& then = then_ != nullptr ? *then_ : *roles_;
    for (const std::string_view path : paths) {
      for (const GrantRecord& grant : device_->record.grants) {
        const bool under = is_under(grant, path);
        if (under && allows(*roles_, roles_->bit(grant.role))) return Standing::allowed;
        if (then_ == nullptr || best == Standing::lost) continue;
        if (under && grant.was_active_at(cursor_) && allows(then, then.bit(grant.role))) {
          best = Standing::lost;
        }
      }
      if (best == Standing::lost) continue;
      for (const GrantRecord& grant : device_->ended) {
        if (!grant.was_active_at(cursor_) || !is_under(grant, path)) continue;
        if (allows(then, then.bit(grant.role))) best = Standing::lost;
      }
    }
    return best;
  }
  [[nodiscard]] static bool is_under(const GrantRecord& grant, std::string_view path);

  const StoredDevice* device_;
  RoleBook* roles_;
  RoleBook* then_;  // null: as now
  Sequence cursor_;
  bool is_free_;  // may write everything everywhere
};

}  // namespace rollcall
