#include "server/commands/operator.h"

#include <unistd.h>

#include <map>

#include "schema/compiled.h"
#include "schema/evolution.h"
#include "server/commands/control_socket.h"
#include "server/commands/limits.h"

namespace rollcall {
namespace {

Result<void> invite(const ControlRequest& request, WritableSpaces& spaces, ControlReply& reply) {
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(Invitation invitation,
                        space.invite(request.label, request.scopes, request.device));
    reply.secret = std::move(invitation.secret);
    reply.code = std::move(invitation.code);
    reply.expires_ms = invitation.expires_ms;
    reply.scopes = std::move(invitation.scopes);
    return {};
  });
}

Result<void> change_grant(const ControlRequest& request, WritableSpaces& spaces) {
  if (request.scopes.size() != 1) {
    return failure(ErrorCode::invalid_argument, "one path is granted or ended at a time");
  }
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    const auto changed = request.kind == ControlKind::grant
                             ? space.grant(request.device, request.scopes.front())
                             : space.ungrant(request.device, request.scopes.front());
    if (!changed) return changed.error();
    return {};
  });
}

Result<void> revoke(const ControlRequest& request, WritableSpaces& spaces) {
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    const auto revoked = space.revoke(request.device, request.erase);
    if (!revoked) return revoked.error();
    return {};
  });
}

Result<void> decide(const ControlRequest& request, WritableSpaces& spaces, ControlReply& reply) {
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const Judgement judgement, space.decide(request.parked, request.accept));
    reply.verdicts.push_back(verdict_of(TxNumber(), judgement));
    return {};
  });
}

Result<void> compact(const ControlRequest& request, WritableSpaces& spaces, ControlReply& reply) {
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    Space::CompactionPlace place;
    if (request.place) {
      place.through = request.place->through;
      place.collection = request.place->collection;
      if (request.place->after.size() == RowId::size_bytes) {
        place.after = RowId::from_bytes(request.place->after);
      }
    }
    ROLLCALL_TRY(space.compact_next(request.before_ms, place));
    CompactPlace& reached = reply.place.emplace();
    reached.through = *place.through;
    reached.collection = place.collection;
    if (place.after) reached.after = Bytes(place.after->view());
    reached.rows = place.compacted.rows;
    reached.leavings = place.compacted.leavings;
    reached.removals = place.compacted.removals;
    reached.done = place.done;
    return {};
  });
}

Result<void> erase(const ControlRequest& request, WritableSpaces& spaces, ControlReply& reply) {
  std::vector<ErasedRow> rows;
  for (const NamedRow& row : request.rows) {
    if (row.id.size() != RowId::size_bytes) {
      return failure(ErrorCode::malformed, "a row's id is not 16 bytes");
    }
    rows.push_back({row.collection, RowId::from_bytes(row.id)});
  }
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(reply.changed, space.erase(rows, request.label));
    return {};
  });
}

Result<void> redact(const ControlRequest& request, WritableSpaces& spaces, ControlReply& reply) {
  std::vector<std::int64_t> transactions;
  transactions.reserve(request.transactions.size());
  for (const TxNumber id : request.transactions) {
    transactions.push_back(static_cast<std::int64_t>(id.value));
  }
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(reply.changed, space.redact(transactions));
    return {};
  });
}

Result<void> add_importer(const ControlRequest& request, WritableSpaces& spaces,
                          ControlReply& reply) {
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const DeviceRecord device,
                        space.add_local_device(request.label, request.key));
    reply.device = device.number;
    return {};
  });
}

Result<void> push(const ControlRequest& request, WritableSpaces& spaces, ControlReply& reply) {
  if (!request.push || request.head.size() != Hash::size_bytes) {
    return failure(ErrorCode::malformed, "a push without its transactions or its head");
  }
  return spaces.with(request.space, [&](Space& space) -> Result<void> {
    Push pushed;
    pushed.device = request.device;
    pushed.request = &*request.push;
    pushed.signed_head = Hash::from_bytes(request.head);
    ROLLCALL_TRY_ASSIGN(std::vector<PushReply> replies, space.apply({&pushed, 1}));
    PushReply& judged = replies.front();
    if (judged.refused) return *judged.refused;
    reply.state = judged.state;
    reply.known_tx = judged.known_tx;
    reply.verdicts = std::move(judged.verdicts);
    return {};
  });
}

// All spaces or none: each is asked before one is changed.
Result<void> apply_schema(const ControlRequest& request, const ServerFolder& folder,
                          WritableSpaces& spaces, const Cryptography& cryptography,
                          ControlReply& reply) {
  ROLLCALL_TRY_ASSIGN(const Schema next, decode_schema(request.schema, cryptography));
  const std::vector<std::string> names = spaces.names();
  for (const std::string& name : names) {
    ROLLCALL_TRY(spaces.with(name, [&](Space& space) -> Result<void> {
      if (space.schema().hash == next.hash) return {};
      return check_evolution(space.schema(), next);
    }));
  }
  for (const std::string& name : names) {
    ROLLCALL_TRY(spaces.with(name, [&](Space& space) -> Result<void> {
      ROLLCALL_TRY_ASSIGN(const std::size_t changed, space.apply_schema(next));
      reply.judged_again += changed;
      reply.judging = reply.judging || space.is_judging();
      return {};
    }));
  }
  return folder.keep_schema(next);
}

// Each space is opened when it is first asked for, and stays open with the lock.
class LocalSpaces final : public WritableSpaces {
 public:
  LocalSpaces(const ServerFolder& folder, const Space::Doors& doors)
      : folder_(folder), doors_(doors) {}

  Result<void> with(std::string_view name,
                    const std::function<Result<void>(Space&)>& task) override {
    std::unique_ptr<Space>& space = open_[std::string(name)];
    if (space == nullptr) {
      ROLLCALL_TRY_ASSIGN(const std::string path, folder_.existing_space_path(name));
      ROLLCALL_TRY_ASSIGN(space, Space::open(path, doors_));
    }
    return task(*space);
  }
  Result<void> add(std::string_view name, std::string_view title) override {
    ROLLCALL_TRY_ASSIGN(const Schema schema, folder_.schema(doors_.cryptography));
    ROLLCALL_TRY_ASSIGN(open_[std::string(name)],
                        Space::create(folder_.space_path(name), name, title, schema, doors_));
    return {};
  }
  std::vector<std::string> names() override { return folder_.space_names(); }
  std::string url() override { return {}; }

 private:
  const ServerFolder& folder_;
  const Space::Doors doors_;
  std::map<std::string, std::unique_ptr<Space>> open_;
};

Result<ControlReply> checked(Result<ControlReply> reply) {
  if (reply && reply->error != 0) {
    return failure(static_cast<ErrorCode>(reply->error), reply->message);
  }
  return reply;
}

class LocalOperator final : public Operator {
 public:
  LocalOperator(const ServerFolder& folder, const Space::Doors& doors, FolderLock lock)
      : folder_(folder),
        cryptography_(doors.cryptography),
        lock_(std::move(lock)),
        spaces_(folder, doors) {}
  Result<ControlReply> ask(const ControlRequest& request) override {
    return checked(perform(request, folder_, spaces_, cryptography_));
  }

 private:
  const ServerFolder& folder_;
  const Cryptography& cryptography_;
  FolderLock lock_;
  LocalSpaces spaces_;
};

class RemoteOperator final : public Operator {
 public:
  explicit RemoteOperator(ControlClient client) : client_(std::move(client)) {}
  Result<ControlReply> ask(const ControlRequest& request) override {
    return checked(client_.ask(request));
  }

 private:
  ControlClient client_;
};

}  // namespace

ControlReply perform(const ControlRequest& request, const ServerFolder& folder,
                     WritableSpaces& spaces, const Cryptography& cryptography) {
  ControlReply reply;
  Result<void> done;
  switch (request.kind) {
    case ControlKind::add_space: done = spaces.add(request.space, request.label); break;
    case ControlKind::invite: done = invite(request, spaces, reply); break;
    case ControlKind::grant:
    case ControlKind::ungrant: done = change_grant(request, spaces); break;
    case ControlKind::add_importer: done = add_importer(request, spaces, reply); break;
    case ControlKind::push: done = push(request, spaces, reply); break;
    case ControlKind::revoke: done = revoke(request, spaces); break;
    case ControlKind::decide: done = decide(request, spaces, reply); break;
    case ControlKind::compact: done = compact(request, spaces, reply); break;
    case ControlKind::erase: done = erase(request, spaces, reply); break;
    case ControlKind::redact: done = redact(request, spaces, reply); break;
    case ControlKind::scrub:
      done = spaces.with(request.space, [&](Space& space) { return space.scrub(request.through); });
      break;
    case ControlKind::write_health:
      done = spaces.with(request.space, [](Space& space) { return space.write_health(); });
      break;
    case ControlKind::readmit:
      done = spaces.with(request.space, [&](Space& space) -> Result<void> {
        const auto device = space.readmit(request.device, request.accept);
        if (!device) return device.error();
        return {};
      });
      break;
    case ControlKind::allow_fork:
      done = spaces.with(request.space,
                         [&](Space& space) { return space.allow_fork(request.device); });
      break;
    case ControlKind::apply_schema:
      done = apply_schema(request, folder, spaces, cryptography, reply);
      break;
  }
  if (!done) {
    reply = {};
    reply.error = static_cast<std::uint32_t>(done.error().code);
    reply.message = done.error().message;
  }
  reply.url = spaces.url();
  return reply;
}

Result<std::unique_ptr<Operator>> reach_operator(const ServerFolder& folder,
                                                 const Space::Doors& doors) {
  for (std::int64_t waited = 0;; waited += lock_look_ms) {
    if (auto client = ControlClient::connect(folder.control_path())) {
      return std::unique_ptr<Operator>(new RemoteOperator(std::move(*client)));
    }
    auto lock = FolderLock::take(folder);
    if (lock) {
      return std::unique_ptr<Operator>(new LocalOperator(folder, doors, std::move(*lock)));
    }
    if (lock.error().code != ErrorCode::open_elsewhere || waited >= lock_wait_ms_max) {
      return lock.error();
    }
    ::usleep(lock_look_ms * 1000);
  }
}

void write_down_health(const ServerFolder& folder, const std::string& space) {
  auto client = ControlClient::connect(folder.control_path());
  if (!client) return;
  ControlRequest request;
  request.kind = ControlKind::write_health;
  request.space = space;
  static_cast<void>(client->ask(request));
}

}  // namespace rollcall
