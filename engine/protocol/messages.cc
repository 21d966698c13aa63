#include "engine/protocol/messages.h"

#include <array>

namespace rollcall {

std::span<const EnumName<VerdictKind>> enum_names(VerdictKind) {
  static constexpr std::array<EnumName<VerdictKind>, 4> names{{
      {VerdictKind::applied, "applied"},
      {VerdictKind::merged, "merged"},
      {VerdictKind::rejected, "rejected"},
      {VerdictKind::parked, "parked"},
  }};
  return names;
}

std::span<const EnumName<SyncState>> enum_names(SyncState) {
  static constexpr std::array<EnumName<SyncState>, 5> names{{
      {SyncState::ok, "ok"},
      {SyncState::gap, "gap"},
      {SyncState::forked, "forked"},
      {SyncState::new_epoch, "new_epoch"},
      {SyncState::cursor_unknown, "cursor_unknown"},
  }};
  return names;
}

}  // namespace rollcall
