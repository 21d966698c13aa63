#include "engine/merge/restore.h"

namespace rollcall {

FieldWrite close_loser(const FieldDef& def, const FieldState& field, const Loser& loser) {
  FieldWrite write;
  write.field = def.id;
  write.base = field.stamp;
  write.closes.push_back(loser.writer);
  return write;
}

Result<FieldWrite> restore_loser(const FieldDef& def, const FieldState& field, const Loser& loser) {
  FieldWrite write = close_loser(def, field, loser);
  switch (def.rule) {
    case MergeRule::latest: break;
    case MergeRule::first:
    case MergeRule::ladder: write.generation = field.generation + 1; break;
    case MergeRule::once:
    case MergeRule::counter:
    case MergeRule::set:
      return failure(ErrorCode::not_allowed,
                     def.name + " keeps what came first: its losing value can only be closed");
  }
  write.has_value = true;
  write.value = loser.value;
  return write;
}

}  // namespace rollcall
