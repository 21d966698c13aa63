#include "engine/protocol/messages.h"

#include <array>

#include "engine/protocol/limits.h"

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

std::string app_name(std::string_view app) {
  std::string name(app.substr(0, app_bytes_max));
  while (!is_utf8(name)) name.pop_back();
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return name;
}

}  // namespace rollcall
