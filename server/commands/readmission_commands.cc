#include "server/commands/readmission_commands.h"

#include <ostream>

#include <nlohmann/json.hpp>

#include "engine/clock/utc_time.h"
#include "server/commands/operator.h"
#include "server/space/device_digits.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const WaitingDevice& waiting) {
  Json scopes = Json::array();
  for (const Grant& grant : waiting.enrolment.grants) {
    scopes.push_back(grant.path + "=" + grant.role);
  }
  const auto& ancestors = waiting.enrolment.ancestors;
  return {{"device", device_digits(waiting.enrolment.device)},
          {"label", waiting.enrolment.label},
          {"forked_from", ancestors.empty() ? "" : device_digits(ancestors.back().device)},
          {"enrolled", utc_text(waiting.enrolment.enrolled_ms)},
          {"asked", utc_text(waiting.asked_ms)},
          {"refused", waiting.refused},
          {"scopes", std::move(scopes)}};
}

void print_waiting(const Json& waiting, std::ostream& out) {
  const auto text = [&](const char* key) { return waiting[key].get<std::string>(); };
  out << text("device") << "  " << text("label") << "  enrolled " << text("enrolled") << "  asked "
      << text("asked") << (waiting["refused"].get<bool>() ? "  refused" : "");
  if (!text("forked_from").empty()) out << "  copied from " << text("forked_from");
  for (const Json& scope : waiting["scopes"]) out << "  " << scope.get<std::string>();
  out << "\n";
}

}  // namespace

Result<void> readmission_list_command(const std::string& path, const std::string& space, bool json,
                                      const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto reader, program.open_reader(folder, space));
  ROLLCALL_TRY_ASSIGN(const std::vector<WaitingDevice> waiting, reader->waiting_devices());
  for (const WaitingDevice& one : waiting) {
    const Json shown = json_of(one);
    if (json) {
      program.out << shown.dump() << "\n";
    } else {
      print_waiting(shown, program.out);
    }
  }
  return {};
}

Result<void> readmission_decide_command(const std::string& path, const std::string& space,
                                        const std::string& device, bool accept,
                                        const Program& program) {
  const auto bytes = from_hex(device);
  if (!bytes || bytes->size() != 4) {
    return failure(ErrorCode::invalid_argument,
                   "'" + device + "' is no device: give its eight digits, as the list shows them");
  }
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ControlRequest request;
  request.kind = ControlKind::readmit;
  request.space = space;
  request.device = DeviceNumber(static_cast<std::uint32_t>(std::stoul(device, nullptr, 16)));
  request.accept = accept;
  ROLLCALL_TRY_ASSIGN(const auto server, reach_operator(folder, program.space_doors()));
  ROLLCALL_TRY(server->ask(request));
  program.out << device
              << (accept ? " is let in again: it brings back what it has at its next sync\n"
                         : " is not let in again\n");
  return {};
}

}  // namespace rollcall
