#include "engine/base/error.h"

namespace rollcall {

std::string_view error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::io: return "io";
    case ErrorCode::disk_full: return "disk_full";
    case ErrorCode::open_elsewhere: return "open_elsewhere";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::newer_format: return "newer_format";
    case ErrorCode::not_a_replica: return "not_a_replica";
    case ErrorCode::read_only: return "read_only";
    case ErrorCode::out_of_memory: return "out_of_memory";
    case ErrorCode::sql: return "sql";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::unlinked: return "unlinked";
    case ErrorCode::limit: return "limit";
    case ErrorCode::locked: return "locked";
    case ErrorCode::wrong_key: return "wrong_key";
    case ErrorCode::internal: return "internal";
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::truncated: return "truncated";
    case ErrorCode::trailing_bytes: return "trailing_bytes";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::too_deep: return "too_deep";
    case ErrorCode::not_utf8: return "not_utf8";
    case ErrorCode::duplicate_key: return "duplicate_key";
    case ErrorCode::not_canonical: return "not_canonical";
    case ErrorCode::unsupported_media: return "unsupported_media";
    case ErrorCode::wrong_type: return "wrong_type";
    case ErrorCode::unknown_key: return "unknown_key";
    case ErrorCode::bad_signature: return "bad_signature";
    case ErrorCode::stale: return "stale";
    case ErrorCode::replayed: return "replayed";
    case ErrorCode::code_unknown: return "code_unknown";
    case ErrorCode::code_expired: return "code_expired";
    case ErrorCode::pin_mismatch: return "pin_mismatch";
    case ErrorCode::gap: return "gap";
    case ErrorCode::forked: return "forked";
    case ErrorCode::new_epoch: return "new_epoch";
    case ErrorCode::cursor_unknown: return "cursor_unknown";
    case ErrorCode::later: return "later";
    case ErrorCode::diverged: return "diverged";
    case ErrorCode::not_allowed: return "not_allowed";
    case ErrorCode::unknown_row: return "unknown_row";
    case ErrorCode::unknown_field: return "unknown_field";
    case ErrorCode::unknown_collection: return "unknown_collection";
    case ErrorCode::bad_value: return "bad_value";
    case ErrorCode::too_long: return "too_long";
    case ErrorCode::append_only: return "append_only";
    case ErrorCode::gone: return "gone";
    case ErrorCode::voided: return "voided";
    case ErrorCode::wrong_id: return "wrong_id";
    case ErrorCode::grant_lost: return "grant_lost";
    case ErrorCode::wrong_device: return "wrong_device";
    case ErrorCode::device_revoked: return "device_revoked";
    case ErrorCode::refused: return "refused";
    case ErrorCode::erased: return "erased";
    case ErrorCode::bad_transaction: return "bad_transaction";
    case ErrorCode::schema: return "schema";
    case ErrorCode::schema_change: return "schema_change";
    case ErrorCode::unreachable: return "unreachable";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::not_rollcall: return "not_rollcall";
    case ErrorCode::not_trusted: return "not_trusted";
  }
  return "unknown";
}

}  // namespace rollcall
