#include "client-core/sealing/sealed_value.h"

#include <algorithm>

#include "client-core/sealing/limits.h"
#include "engine/codec/cbor_archive.h"

namespace rollcall {
namespace {

constexpr std::string_view context_purpose = "rollcall sealed value 1\n";
constexpr std::string_view signed_purpose = "rollcall sealed text 1\n";
constexpr std::size_t length_bytes = 4;
// Members, the recovery key and the author.
constexpr std::size_t sealed_keys_max = team_members_max + 2;

// What is encrypted: the text and who wrote it.
struct SealedContent {
  std::string text;
  SealingKey writer;
  Signature signature;  // over signed_purpose, the context and the text
};

template <class Archive>
void describe(Archive& a, SealedContent& m) {
  a.field(1, "text", m.text);
  a.field(2, "writer", m.writer);
  a.field(3, "signature", m.signature);
}

// What goes into the tag and is not stored: the place, and what stands in clear beside the body and
// would mislead if it were changed.
Bytes context_of(const SealedPlace& place, std::uint32_t version) {
  Bytes context(context_purpose);
  put_u32(context, version);
  return context.append(to_cbor(place));
}

Bytes signed_bytes(BytesView context, BytesView text) {
  return Bytes(signed_purpose).append(context).append(text);
}

// Length, content, zeros to a power of two.
Bytes padded(BytesView content) {
  std::size_t size = sealed_padding_bytes_min;
  while (size < length_bytes + content.size()) size *= 2;
  Bytes out;
  put_u32(out, static_cast<std::uint32_t>(content.size()));
  out.append(content);
  out.resize(size, '\0');
  return out;
}

Result<SealedContent> unpadded(BytesView plain) {
  const auto refuse = [] { return failure(ErrorCode::malformed, "a sealed value is not whole"); };
  if (plain.size() < length_bytes || get_u32(plain) > plain.size() - length_bytes) return refuse();
  auto content = from_cbor<SealedContent>(plain.substr(length_bytes, get_u32(plain)));
  if (!content) return refuse();
  return content;
}

}  // namespace

Result<SealedValue> SealedValue::parse(BytesView bytes) {
  ROLLCALL_TRY_ASSIGN(auto value, from_cbor<SealedValue>(bytes));
  if (value.format > format_known) {
    return failure(ErrorCode::newer_format,
                   "the value was sealed by a newer program: update this one");
  }
  const bool has_whole_keys =
      std::all_of(value.keys.begin(), value.keys.end(), [](const SealedKey& key) {
        return key.name.size() == SealingKey::name_bytes &&
               key.box.size() == SealKey::size_bytes + Cryptography::box_overhead_bytes;
      });
  if (value.format == 0 || value.version == 0 || value.keys.empty() ||
      value.keys.size() > sealed_keys_max || !has_whole_keys ||
      value.body.size() < sealed_padding_bytes_min) {
    return failure(ErrorCode::malformed, "that is no sealed value");
  }
  return value;
}

Result<Bytes> seal_text(const SealedPlace& place, const TeamList& list,
                        const std::optional<SealingKey>& author, const SecretSeed& writer,
                        std::string_view text, const SealingDoors& doors) {
  if (text.size() > sealed_text_bytes_max || !is_utf8(text)) {
    return failure(ErrorCode::too_long, "a sealed text is UTF-8 of up to " +
                                            std::to_string(sealed_text_bytes_max) + " bytes");
  }
  SealedValue value;
  value.version = list.version;
  SealKey record_key;
  doors.random.fill(record_key.bytes.data(), record_key.bytes.size());

  std::vector<SealingKey> readers;
  readers.reserve(list.members.size() + 2);
  for (const TeamMember& member : list.members) readers.push_back(member.key);
  readers.push_back(list.recovery);
  if (author && std::find(readers.begin(), readers.end(), *author) == readers.end()) {
    readers.push_back(*author);
  }
  for (const SealingKey& reader : readers) {
    ROLLCALL_TRY_ASSIGN(Bytes box, doors.cryptography.box_seal(reader.box(), record_key.view()));
    SealedKey key;
    key.name = reader.name(doors.cryptography);
    key.box = std::move(box);
    value.keys.push_back(std::move(key));
  }

  const Bytes context = context_of(place, list.version);
  SealedContent content;
  content.text = std::string(text);
  content.writer = SealingKey::of(writer, doors.cryptography);
  content.signature = doors.cryptography.sign(signing_seed(writer, doors.cryptography),
                                              signed_bytes(context, text));
  value.body = doors.cryptography.seal(record_key, context, padded(to_cbor(content)), doors.random);
  return to_cbor(value);
}

Result<OpenedValue> open_sealed(const SealedPlace& place, const SecretSeed& reader, BytesView bytes,
                                const Cryptography& cryptography) {
  ROLLCALL_TRY_ASSIGN(const SealedValue value, SealedValue::parse(bytes));
  const Bytes name = SealingKey::of(reader, cryptography).name(cryptography);
  const auto mine = std::find_if(value.keys.begin(), value.keys.end(),
                                 [&](const SealedKey& key) { return key.name == name; });
  if (mine == value.keys.end()) {
    return failure(ErrorCode::not_allowed,
                   "it was not sealed to this key: somebody who can open it seals it anew by doing "
                   "so, then sync");
  }
  ROLLCALL_TRY_ASSIGN(const Bytes key,
                      cryptography.box_open(box_seed(reader, cryptography), mine->box));
  if (key.size() != SealKey::size_bytes) {
    return failure(ErrorCode::malformed, "a sealed value has no key in its box");
  }
  const Bytes context = context_of(place, value.version);
  ROLLCALL_TRY_ASSIGN(const Bytes plain,
                      cryptography.open(SealKey::from_bytes(key), context, value.body));
  ROLLCALL_TRY_ASSIGN(const SealedContent content, unpadded(plain));
  if (!cryptography.verify(content.writer.signer(), signed_bytes(context, content.text),
                           content.signature)) {
    return failure(ErrorCode::bad_signature, "a sealed value is not from whom it says it is");
  }
  OpenedValue opened;
  opened.text = content.text;
  opened.writer = content.writer;
  opened.version = value.version;
  return opened;
}

}  // namespace rollcall
