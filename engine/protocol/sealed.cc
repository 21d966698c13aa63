#include "engine/protocol/sealed.h"

#include "engine/base/check.h"
#include "engine/codec/cbor_archive.h"

namespace rollcall {
namespace {

// The contexts keep one kind of sealed bytes from being taken for another.
constexpr BytesView purpose_cursor = "rollcall cursor 1";
constexpr BytesView purpose_tail_position = "rollcall tail position 1";
constexpr BytesView purpose_bootstrap_position = "rollcall bootstrap position 1";
constexpr BytesView purpose_receipt = "rollcall receipt 1";
constexpr BytesView purpose_enrolment = "rollcall enrolment 1";

template <class Content>
Result<Content> open_as(const Cryptography& cryptography, const SealKey& key, BytesView context,
                        BytesView sealed, ErrorCode code, std::string_view what) {
  const auto refuse = [&] {
    return failure(code, std::string(what) + " does not open: this server did not make it");
  };
  auto plain = cryptography.open(key, context, sealed);
  if (!plain) return refuse();
  auto content = from_cbor<Content>(*plain);
  if (!content) return refuse();
  return content;
}

}  // namespace

Bytes Sealer::seal(const Cursor& cursor) const {
  if (!cursor.commit_mark.empty()) {
    ROLLCALL_CHECK(cursor.commit_mark.size() == Cursor::commit_mark_bytes);
  }
  return cryptography_.seal(key_, purpose_cursor, to_cbor(cursor), random_);
}

Bytes Sealer::seal(const TailPosition& position) const {
  return cryptography_.seal(key_, purpose_tail_position, to_cbor(position), random_);
}

Bytes Sealer::seal(const BootstrapPosition& position) const {
  return cryptography_.seal(key_, purpose_bootstrap_position, to_cbor(position), random_);
}

Bytes Sealer::seal(const Receipt& receipt) const {
  return cryptography_.seal(key_, purpose_receipt, to_cbor(receipt), random_);
}

Bytes Sealer::seal(const Enrolment& enrolment) const {
  return cryptography_.seal(key_, purpose_enrolment, to_cbor(enrolment), random_);
}

Result<Cursor> Sealer::open_cursor(BytesView sealed) const {
  return open_as<Cursor>(cryptography_, key_, purpose_cursor, sealed, ErrorCode::cursor_unknown,
                         "the cursor");
}

Result<TailPosition> Sealer::open_tail_position(BytesView sealed) const {
  return open_as<TailPosition>(cryptography_, key_, purpose_tail_position, sealed,
                               ErrorCode::cursor_unknown, "the page position");
}

Result<BootstrapPosition> Sealer::open_bootstrap_position(BytesView sealed) const {
  return open_as<BootstrapPosition>(cryptography_, key_, purpose_bootstrap_position, sealed,
                                    ErrorCode::cursor_unknown, "the bootstrap position");
}

Result<Receipt> Sealer::open_receipt(BytesView sealed) const {
  return open_as<Receipt>(cryptography_, key_, purpose_receipt, sealed, ErrorCode::malformed,
                          "the receipt");
}

Result<Enrolment> Sealer::open_enrolment(BytesView sealed) const {
  return open_as<Enrolment>(cryptography_, key_, purpose_enrolment, sealed, ErrorCode::malformed,
                            "the enrolment");
}

Bytes read_origin(BytesView cursor, BytesView position, std::span<const GrantId> complete) {
  // 64 bits name what the client itself sent; nothing is protected by them. FNV-1a, over lengths
  // and contents so that no two parts can be taken for each other.
  std::uint64_t sum = 0xcbf29ce484222325ULL;
  const auto mix = [&sum](BytesView bytes) {
    Bytes sized;
    put_varint(sized, bytes.size());
    sized.append(bytes);
    for (const char c : sized) {
      sum ^= static_cast<std::uint8_t>(c);
      sum *= 0x100000001b3ULL;
    }
  };
  mix(cursor);
  mix(position);
  Bytes grants;
  for (const GrantId grant : complete) put_u64(grants, grant.value);
  mix(grants);
  Bytes origin;
  put_u64(origin, sum);
  return origin;
}

}  // namespace rollcall
