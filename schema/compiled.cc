#include "schema/compiled.h"

#include <utility>

#include "engine/codec/cbor_archive.h"
#include "schema/limits.h"
#include "schema/schema_message.h"

namespace rollcall {
namespace {

// What stays readable of every later format.
struct FormatMessage {
  std::uint32_t format = 0;
};

template <class Archive>
void describe(Archive& a, FormatMessage& m) {
  a.field(1, "format", m.format);
}

}  // namespace

Bytes encode_schema(const Schema& schema) { return to_cbor(schema_message(schema)); }

Result<Schema> decode_schema(BytesView bytes, const Cryptography& cryptography) {
  if (bytes.size() > compiled_schema_bytes_max) {
    return failure(ErrorCode::too_large,
                   "a compiled schema of " + std::to_string(bytes.size()) + " bytes; at most " +
                       std::to_string(compiled_schema_bytes_max) + " are taken");
  }
  ROLLCALL_TRY_ASSIGN(const FormatMessage format, from_cbor<FormatMessage>(bytes));
  if (format.format > schema_format) {
    return failure(ErrorCode::newer_format,
                   "the schema is of format " + std::to_string(format.format) +
                       ", and this program knows " + std::to_string(schema_format) +
                       ": update the program; what is not sent yet stays and can be sent");
  }
  if (format.format < schema_format_plain) {
    return failure(ErrorCode::malformed, "these bytes are no compiled schema");
  }
  ROLLCALL_TRY_ASSIGN(SchemaMessage message, from_cbor<SchemaMessage>(bytes));
  ROLLCALL_TRY_ASSIGN(Schema schema, schema_of_message(std::move(message)));
  // Nothing was skipped and nothing is written twice: these bytes are the schema's only form.
  if (encode_schema(schema) != bytes) {
    return failure(ErrorCode::not_canonical, "the schema has parts that its format does not have");
  }
  schema.hash = cryptography.hash({bytes});
  return schema;
}

}  // namespace rollcall
