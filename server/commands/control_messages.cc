#include "server/commands/control_messages.h"

#include <array>

namespace rollcall {

std::span<const EnumName<ControlKind>> enum_names(ControlKind) {
  static constexpr std::array names{
      EnumName<ControlKind>{ControlKind::add_space, "add_space"},
      EnumName<ControlKind>{ControlKind::invite, "invite"},
      EnumName<ControlKind>{ControlKind::grant, "grant"},
      EnumName<ControlKind>{ControlKind::ungrant, "ungrant"},
      EnumName<ControlKind>{ControlKind::add_importer, "add_importer"},
      EnumName<ControlKind>{ControlKind::push, "push"},
      EnumName<ControlKind>{ControlKind::apply_schema, "apply_schema"},
      EnumName<ControlKind>{ControlKind::revoke, "revoke"},
      EnumName<ControlKind>{ControlKind::decide, "decide"},
      EnumName<ControlKind>{ControlKind::allow_fork, "allow_fork"},
      EnumName<ControlKind>{ControlKind::compact, "compact"},
      EnumName<ControlKind>{ControlKind::erase, "erase"},
      EnumName<ControlKind>{ControlKind::redact, "redact"},
      EnumName<ControlKind>{ControlKind::scrub, "scrub"},
      EnumName<ControlKind>{ControlKind::readmit, "readmit"},
      EnumName<ControlKind>{ControlKind::write_health, "write_health"},
  };
  return names;
}

}  // namespace rollcall
