#include "engine/model/value.h"

namespace rollcall {

std::string_view kind_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::null: return "null";
    case ValueKind::boolean: return "boolean";
    case ValueKind::integer: return "integer";
    case ValueKind::text: return "text";
    case ValueKind::bytes: return "bytes";
  }
  return "unknown";
}

}  // namespace rollcall
