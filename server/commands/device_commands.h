#pragma once

#include <string>
#include <vector>

#include "server/commands/program.h"

namespace rollcall {

// How an invitation is shown.
struct InvitationShown {
  bool json = false;
  bool draw = false;  // its QR code, even where the output is no terminal
  std::string png;    // and in this file, unless empty
};

// By its eight hex digits, or by its label where only one device has it.
Result<DeviceRecord> find_device(SpaceReader& reader, const std::string& wanted);

// A link and a code, good once, for 15 minutes.
Result<void> invite_command(const std::string& path, const std::string& space,
                            const std::string& label, const std::vector<std::string>& scopes,
                            const InvitationShown& shown, const Program& program);
// The same for the successor of a device: it gets the same grants, and the old one is revoked when
// the invitation is used up.
Result<void> device_replace_command(const std::string& path, const std::string& space,
                                    const std::string& wanted, const InvitationShown& shown,
                                    const Program& program);
// `erase`: at its next contact, with what it has not sent; otherwise once that is here.
Result<void> device_revoke_command(const std::string& path, const std::string& space,
                                   const std::string& wanted, bool erase, const Program& program);
// Its file was copied or restored twice in a day: lets it go on once more.
Result<void> device_allow_fork_command(const std::string& path, const std::string& space,
                                       const std::string& wanted, const Program& program);
Result<void> device_list_command(const std::string& path, const std::string& space, bool json,
                                 const Program& program);
// `device` is its eight hex digits, or its label where only one device has it.
Result<void> device_show_command(const std::string& path, const std::string& space,
                                 const std::string& wanted, bool json, const Program& program);
Result<void> device_grant_command(const std::string& path, const std::string& space,
                                  const std::string& wanted, const std::string& scope, bool grant,
                                  const Program& program);

}  // namespace rollcall
