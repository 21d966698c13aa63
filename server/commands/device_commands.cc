#include "server/commands/device_commands.h"

#include <ostream>

#include <nlohmann/json.hpp>

#include "engine/clock/utc_time.h"
#include "engine/model/role_book.h"
#include "engine/protocol/invitation_link.h"
#include "server/commands/device_health_shown.h"
#include "server/commands/operator.h"
#include "server/commands/qr_code.h"
#include "server/space/device_digits.h"

namespace rollcall {
namespace {

// What an invitation carries when nothing else is known.
constexpr std::string_view default_url = "http://127.0.0.1:8080";

nlohmann::ordered_json json_of(const DeviceRecord& device) {
  auto grants = nlohmann::ordered_json::array();
  for (const GrantRecord& grant : device.grants) {
    grants.push_back({{"scope", grant.path}, {"role", grant.role}});
  }
  nlohmann::ordered_json json = {{"device", device_digits(device.number)},
                                 {"label", device.label},
                                 {"enrolled", utc_text(device.enrolled_ms)},
                                 {"transactions", device.last_tx.value},
                                 {"grants", std::move(grants)}};
  if (device.last_push_ms != 0) json["last_push"] = utc_text(device.last_push_ms);
  if (device.family != device.number) json["family"] = device_digits(device.family);
  if (device.forked_ms != 0) {
    json["forked_from"] = device_digits(device.forked_from);
    json["forked"] = utc_text(device.forked_ms);
  }
  if (device.is_revoked()) json["revoked"] = utc_text(device.revoked_ms);
  if (device.local) json["local"] = true;
  return json;
}

std::string line_of(const DeviceRecord& device) {
  std::string scopes;
  for (const GrantRecord& grant : device.grants) {
    scopes += (scopes.empty() ? "" : ", ") + grant.path;
    if (grant.role != role_member) scopes += " (" + grant.role + ")";
  }
  if (device.local) scopes = "this server's own, for imports";
  if (device.is_revoked()) scopes = "revoked " + utc_text(device.revoked_ms);
  if (device.forked_ms != 0) {
    scopes +=
        "  copied from " + device_digits(device.forked_from) + " " + utc_text(device.forked_ms);
  }
  return device_digits(device.number) + "  " + device.label + "  " + scopes + "  " +
         std::to_string(device.last_tx.value) + " transactions" +
         (device.last_push_ms == 0 ? "" : ", the last " + utc_text(device.last_push_ms));
}

}  // namespace

Result<DeviceRecord> find_device(SpaceReader& reader, const std::string& wanted) {
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceRecord> devices, reader.devices());
  const DeviceRecord* found = nullptr;
  for (const DeviceRecord& device : devices) {
    if (device_digits(device.number) == wanted) return device;
    if (device.label != wanted) continue;
    if (found != nullptr) {
      return failure(ErrorCode::invalid_argument,
                     "several devices are called '" + wanted + "': give the eight digits of one");
    }
    found = &device;
  }
  if (found != nullptr) return *found;
  return failure(ErrorCode::not_found,
                 "there is no device '" + wanted + "': see 'rollcall-server device list'");
}

namespace {

Result<void> print_invitation(const ServerFolder& folder, ControlRequest request,
                              const InvitationShown& shown, const Program& program) {
  request.kind = ControlKind::invite;
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ROLLCALL_TRY_ASSIGN(const ControlReply reply, server->ask(request));
  InvitationLink link;
  link.url = !folder.url().empty() ? folder.url()
             : !reply.url.empty()  ? reply.url
                                   : std::string(default_url);
  link.space = request.space;
  link.secret = reply.secret;
  link.pin = program.cryptography.public_key(folder.seed());
  if (link.url.rfind("https://", 0) == 0) {
    ROLLCALL_TRY_ASSIGN(link.tls_pin, folder.tls_pin());
  }
  ROLLCALL_TRY_ASSIGN(const QrCode code, QrCode::of(link.text()));
  if (!shown.png.empty()) ROLLCALL_TRY(code.write_png(shown.png));
  if (shown.json) {
    program.out << nlohmann::ordered_json({{"link", link.text()},
                                           {"code", shown_code(reply.code)},
                                           {"expires", utc_text(reply.expires_ms)},
                                           {"scopes", reply.scopes}})
                       .dump()
                << "\n";
    return {};
  }
  program.out << "link     " << link.text() << "\ncode     " << shown_code(reply.code)
              << "\nexpires  " << utc_text(reply.expires_ms) << "\n";
  if (shown.draw || program.draws) program.out << code.drawn(program.draws);
  return {};
}

// The device that a command is about, looked up before the lock is taken.
Result<DeviceRecord> look_up(const ServerFolder& folder, const std::string& space,
                             const std::string& wanted, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  return find_device(*reader, wanted);
}

}  // namespace

Result<void> invite_command(const std::string& path, const std::string& space,
                            const std::string& label, const std::vector<std::string>& scopes,
                            const InvitationShown& shown, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ControlRequest request;
  request.space = space;
  request.label = label;
  request.scopes = scopes;
  return print_invitation(folder, std::move(request), shown, program);
}

Result<void> device_replace_command(const std::string& path, const std::string& space,
                                    const std::string& wanted, const InvitationShown& shown,
                                    const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const DeviceRecord device, look_up(folder, space, wanted, program));
  ControlRequest request;
  request.space = space;
  request.label = device.label;
  request.device = device.number;
  const std::vector<GrantRecord>& grants =
      device.is_revoked() ? device.grants_before : device.grants;
  for (const GrantRecord& grant : grants) request.scopes.push_back(grant.path + "=" + grant.role);
  return print_invitation(folder, std::move(request), shown, program);
}

Result<void> device_revoke_command(const std::string& path, const std::string& space,
                                   const std::string& wanted, bool erase, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const DeviceRecord device, look_up(folder, space, wanted, program));
  ControlRequest request;
  request.kind = ControlKind::revoke;
  request.space = space;
  request.device = device.number;
  request.erase = erase;
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ROLLCALL_TRY(server->ask(request));
  program.out << device_digits(request.device) << " is revoked; it is erased "
              << (erase ? "at its next contact, with what it has not sent"
                        : "once what it has not sent is here, parked")
              << "\n";
  return {};
}

Result<void> device_allow_fork_command(const std::string& path, const std::string& space,
                                       const std::string& wanted, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const DeviceRecord device, look_up(folder, space, wanted, program));
  ControlRequest request;
  request.kind = ControlKind::allow_fork;
  request.space = space;
  request.device = device.number;
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ROLLCALL_TRY(server->ask(request));
  program.out << device_digits(request.device) << " may go on from a copy once more\n";
  return {};
}

Result<void> device_list_command(const std::string& path, const std::string& space, bool json,
                                 const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  write_down_health(folder, space);
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceRecord> devices, reader->devices());
  for (const DeviceRecord& device : devices) {
    ROLLCALL_TRY_ASSIGN(const HealthShown health, HealthShown::of(*reader, device));
    if (json) {
      nlohmann::ordered_json shown = json_of(device);
      health.add_to(shown);
      program.out << shown.dump() << "\n";
    } else {
      program.out << line_of(device) << (device.local ? "" : "  " + health.line()) << "\n";
    }
  }
  return {};
}

Result<void> device_show_command(const std::string& path, const std::string& space,
                                 const std::string& wanted, bool json, const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  write_down_health(folder, space);
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY_ASSIGN(const DeviceRecord device, find_device(*reader, wanted));
  ROLLCALL_TRY_ASSIGN(const HealthShown health, HealthShown::of(*reader, device));
  nlohmann::ordered_json shown = json_of(device);
  health.add_to(shown);
  shown["key"] = to_hex(device.key.view());
  shown["head"] = to_hex(device.head.view());
  if (json) {
    program.out << shown.dump() << "\n";
    return {};
  }
  program.out << line_of(device) << "\nstate " << health.line() << "\nkey   "
              << to_hex(device.key.view()) << "\nhead  " << to_hex(device.head.view()) << "\n";
  return {};
}

Result<void> device_grant_command(const std::string& path, const std::string& space,
                                  const std::string& wanted, const std::string& scope, bool grant,
                                  const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const DeviceRecord device, look_up(folder, space, wanted, program));
  ControlRequest request;
  request.device = device.number;
  request.kind = grant ? ControlKind::grant : ControlKind::ungrant;
  request.space = space;
  request.scopes = {scope};
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ROLLCALL_TRY(server->ask(request));
  program.out << device_digits(request.device) << (grant ? " got " : " lost ") << scope << "\n";
  return {};
}

}  // namespace rollcall
