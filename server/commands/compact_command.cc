#include "server/commands/compact_command.h"

#include <ostream>
#include <vector>

#include "server/commands/operator.h"

namespace rollcall {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;

Result<Compacted> compact(Operator& writer, const std::string& space, std::int64_t before_ms) {
  Compacted all;
  ControlRequest request;
  request.kind = ControlKind::compact;
  request.space = space;
  request.before_ms = before_ms;
  do {
    ROLLCALL_TRY_ASSIGN(ControlReply reply, writer.ask(request));
    if (!reply.place) return failure(ErrorCode::malformed, "the server's answer says nothing");
    all += {reply.place->rows, reply.place->leavings, reply.place->removals};
    request.place = std::move(reply.place);
  } while (!request.place->done);
  return all;
}

}  // namespace

Result<void> compact_command(const std::string& path, const std::string& space, std::int64_t days,
                             const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const auto writer, reach_operator(folder, program.space_doors()));
  const std::int64_t before_ms = program.clock.utc_ms() - days * day_ms;
  const std::vector<std::string> names =
      space.empty() ? folder.space_names() : std::vector<std::string>{space};
  for (const std::string& name : names) {
    ROLLCALL_TRY_ASSIGN(const Compacted gone, compact(*writer, name, before_ms));
    program.out << name << ": ";
    if (gone.is_nothing()) {
      program.out << "nothing is older than " << days << " days\n";
      continue;
    }
    program.out << "forgot " << gone.rows << " deleted rows, " << gone.leavings
                << " leavings of paths and " << gone.removals << " removals from sets, older than "
                << days << " days\n";
  }
  return {};
}

}  // namespace rollcall
