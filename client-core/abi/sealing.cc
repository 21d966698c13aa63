#include "client-core/abi/sealing.h"

#include <nlohmann/json.hpp>

#include "engine/codec/json_value.h"

namespace rollcall {
namespace {

using nlohmann::json;

// The name of the keys among the replica's private values.
constexpr std::string_view private_name = "sealing";

json members_json(const TeamList& list) {
  json members = json::array();
  for (const TeamMember& member : list.members) {
    members.push_back({{"label", member.label}, {"key", member.key.text()}});
  }
  return members;
}

Result<PublicKey> parse_admin(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != PublicKey::size_bytes) {
    return failure(ErrorCode::malformed,
                   "that is no admin's key: it has 43 characters, as `keys admin` printed it");
  }
  return PublicKey::from_bytes(*bytes);
}

// A text of an object, or nothing where there is none.
std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

// What `change` says, as rollcall.h has it.
struct AskedChange {
  SecretSeed admin;
  std::string team;
  TeamChange change;
};

Result<AskedChange> parse_change(std::string_view text, const Cryptography& cryptography) {
  ROLLCALL_TRY_ASSIGN(const json object, parse_json(text));
  if (!object.is_object()) {
    return failure(ErrorCode::invalid_argument, "a change of the team is a JSON object");
  }
  AskedChange asked;
  ROLLCALL_TRY_ASSIGN(const KnownSecret admin,
                      parse_secret(text_at(object, "admin"), cryptography));
  if (admin.kind != SecretKind::admin) {
    return failure(ErrorCode::invalid_argument, "that key is none of an admin");
  }
  asked.admin = admin.seed;
  asked.team = text_at(object, "team");
  if (const std::string recovery = text_at(object, "recovery"); !recovery.empty()) {
    ROLLCALL_TRY_ASSIGN(asked.change.recovery, parse_recovery(recovery, cryptography));
  }
  for (const json& member : object.value("add", json::array())) {
    ROLLCALL_TRY_ASSIGN(const SealingKey key, SealingKey::parse(text_at(member, "key")));
    asked.change.add.push_back({key, text_at(member, "label")});
  }
  for (const json& name : object.value("remove", json::array())) {
    asked.change.remove.push_back(name.is_string() ? name.get<std::string>() : std::string());
  }
  return asked;
}

}  // namespace

Result<Keyring> Sealing::keyring() {
  ROLLCALL_TRY_ASSIGN(const auto kept, replica_.private_value(private_name));
  if (!kept) {
    return failure(ErrorCode::not_found,
                   "this device has no sealing key: make one with `rollcall keys new`");
  }
  return Keyring::from_bytes(replica_.space(), *kept, doors_.cryptography);
}

Result<void> Sealing::keep(const Keyring& ring) {
  return replica_.keep_private(private_name, ring.bytes());
}

Result<SealedPlace> Sealing::place_of(const CollectionDef& collection, const FieldDef& field,
                                      const RowId& row) const {
  if (field.type != FieldType::sealed) {
    return failure(ErrorCode::invalid_argument,
                   collection.name + "." + field.name + " is no sealed field");
  }
  SealedPlace place;
  place.space = replica_.space();
  place.collection = collection.id;
  place.field = field.id;
  place.row = row;
  return place;
}

Result<void> Sealing::begin(std::string_view admin) {
  ROLLCALL_TRY_ASSIGN(const PublicKey trusted, parse_admin(admin));
  ROLLCALL_TRY_ASSIGN(const auto kept, replica_.private_value(private_name));
  if (kept) {
    return failure(ErrorCode::already_exists,
                   "this device has a sealing key already; what was sealed to it would stay shut");
  }
  return keep(Keyring::make(replica_.space(), trusted, doors_.random));
}

Result<std::string> Sealing::report() {
  ROLLCALL_TRY_ASSIGN(const Keyring ring, keyring());
  const SealingKey key = ring.key(doors_.cryptography);
  json report = {{"key", key.text()},
                 {"admin", to_base64(ring.team().admin().view())},
                 {"team", nullptr},
                 {"version", 0},
                 {"member", ring.team().is_member_now(key)},
                 {"members", json::array()},
                 {"recovery", nullptr},
                 {"versions", json::array()}};
  for (const TeamList& list : ring.team().versions()) {
    report["versions"].push_back({{"version", list.version},
                                  {"admin", to_base64(list.admin.view())},
                                  {"members", members_json(list)}});
  }
  if (const TeamList* now = ring.team().current()) {
    report["team"] = now->team;
    report["version"] = now->version;
    report["members"] = members_json(*now);
    report["recovery"] = now->recovery.text();
  }
  return report.dump();
}

Result<void> Sealing::take(std::string_view list) {
  const auto bytes = from_base64(list);
  if (!bytes) return failure(ErrorCode::malformed, "a team's list is base64url text");
  ROLLCALL_TRY_ASSIGN(Keyring ring, keyring());
  ROLLCALL_TRY_ASSIGN(const bool is_new, ring.take(*bytes, doors_.cryptography));
  return is_new ? keep(ring) : Result<void>();
}

Result<std::string> Sealing::seal(const CollectionDef& collection, const FieldDef& field,
                                  const RowId& row, std::string_view text, bool author_copy) {
  ROLLCALL_TRY_ASSIGN(const SealedPlace place, place_of(collection, field, row));
  ROLLCALL_TRY_ASSIGN(const Keyring ring, keyring());
  const TeamList* team = ring.team().current();
  if (team == nullptr) {
    return failure(ErrorCode::not_found,
                   "there is no team here to seal to: sync, or ask the party's admin for it");
  }
  std::optional<SealingKey> author;
  if (author_copy) author = ring.key(doors_.cryptography);
  ROLLCALL_TRY_ASSIGN(const Bytes sealed,
                      seal_text(place, *team, author, ring.secret(), text, doors_));
  return to_base64(sealed);
}

Result<std::string> Sealing::unseal(const CollectionDef& collection, const FieldDef& field,
                                    const RowId& row, std::optional<std::string_view> recovery) {
  ROLLCALL_TRY_ASSIGN(const SealedPlace place, place_of(collection, field, row));
  ROLLCALL_TRY_ASSIGN(const Keyring ring, keyring());
  SecretSeed reader = ring.secret();
  if (recovery) {
    ROLLCALL_TRY_ASSIGN(reader, parse_recovery(*recovery, doors_.cryptography));
  }
  const std::vector<ValueView> parameters{ValueView::of_bytes(row.view())};
  ROLLCALL_TRY_ASSIGN(QueryRows rows, replica_.query("SELECT \"" + field.name + "\" FROM \"" +
                                                         collection.name + "\" WHERE id = ?1",
                                                     parameters));
  ROLLCALL_TRY_ASSIGN(const bool found, rows.step());
  if (!found || rows.value(0).kind != ValueKind::bytes) {
    return failure(ErrorCode::not_found,
                   "there is no " + collection.name + " " + row.text() + " here: sync");
  }
  ROLLCALL_TRY_ASSIGN(const OpenedValue opened,
                      open_sealed(place, reader, rows.value(0).bytes, doors_.cryptography));
  json report = {{"text", opened.text},
                 {"writer", opened.writer.text()},
                 {"writer_label", nullptr},
                 {"writer_left", false},
                 {"version", opened.version}};
  if (const TeamMember* writer = ring.team().find(opened.writer, opened.version)) {
    report["writer_label"] = writer->label;
    report["writer_left"] = !ring.team().is_member_now(opened.writer);
  }
  return report.dump();
}

Result<std::string> Sealing::sign(std::string_view change) {
  ROLLCALL_TRY_ASSIGN(const AskedChange asked, parse_change(change, doors_.cryptography));
  ROLLCALL_TRY_ASSIGN(const Keyring ring, keyring());
  ROLLCALL_TRY_ASSIGN(const NextTeam next, next_team(ring, replica_.space(), asked.team,
                                                     asked.admin, asked.change, doors_));
  json report = {{"team", next.list.team},
                 {"version", next.list.version},
                 {"list", to_base64(next.signed_list)}};
  if (next.recovery) {
    const SecretHalves halves = halve(*next.recovery, doors_.random);
    const Cryptography& cryptography = doors_.cryptography;
    report["recovery"] = secret_text(SecretKind::recovery, *next.recovery, cryptography);
    report["halves"] = {secret_text(SecretKind::first, halves.first, cryptography),
                        secret_text(SecretKind::second, halves.second, cryptography)};
  }
  return report.dump();
}

NewAdmin new_admin(const SealingDoors& doors) {
  SecretSeed seed;
  doors.random.fill(seed.bytes.data(), seed.bytes.size());
  NewAdmin made;
  made.secret = secret_text(SecretKind::admin, seed, doors.cryptography);
  made.key = to_base64(doors.cryptography.public_key(seed).view());
  return made;
}

}  // namespace rollcall
