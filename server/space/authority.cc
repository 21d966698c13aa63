#include "server/space/authority.h"

#include "engine/model/path.h"

namespace rollcall {

Authority::Standing Authority::over_path(std::string_view path) const {
  for (const GrantRecord& grant : device_->record.grants) {
    if (role_writes(grant.role) && covers(grant.path, path)) return Standing::allowed;
  }
  for (const GrantRecord& grant : device_->ended) {
    if (role_writes(grant.role) && grant.was_active_at(cursor_) && covers(grant.path, path)) {
      return Standing::lost;
    }
  }
  return Standing::denied;
}

}  // namespace rollcall
