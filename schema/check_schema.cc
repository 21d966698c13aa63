#include "schema/check_schema.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/model/limits.h"
#include "engine/model/path.h"
#include "schema/field_length.h"
#include "schema/limits.h"

namespace rollcall {
namespace {

// A problem of one key of a collection or field; the callers add where that is.
struct Complaint {
  std::string_view key;
  std::string message;
  std::optional<std::size_t> element;
};
using MaybeComplaint = std::optional<Complaint>;

Complaint complaint(std::string_view key, std::string message,
                    std::optional<std::size_t> element = std::nullopt) {
  return Complaint{key, std::move(message), element};
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string limit_text(std::string_view what, std::size_t limit) {
  return std::string(what) + ": at most " + std::to_string(limit);
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view name) {
  if (name.empty() || !is_lower(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

MaybeComplaint check_name(std::string_view key, std::string_view name) {
  if (name.size() > schema_name_bytes_max) {
    return complaint(key, limit_text("bytes in a name", schema_name_bytes_max));
  }
  if (!name.empty() && name[0] == '_') {
    return complaint(key, quoted(name) + ": names that begin with _ are the engine's own");
  }
  if (!is_name(name)) {
    return complaint(key, quoted(name) + " is no name: a letter a-z, then letters, digits and _");
  }
  return std::nullopt;
}

// The choices of an enum are texts, and perhaps segments of paths.
bool is_choice(std::string_view choice) {
  if (choice.empty() || choice.size() > schema_name_bytes_max) return false;
  if (!is_lower(choice[0]) && !is_digit(choice[0])) return false;
  return std::all_of(choice.begin(), choice.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
  });
}

bool is_known(FieldType type) { return type >= FieldType::text && type <= FieldType::sealed; }
bool is_known(MergeRule rule) { return rule >= MergeRule::latest && rule <= MergeRule::once; }

MaybeComplaint check_field_name(const FieldDef& field) {
  if (auto wrong = check_name("name", field.name)) return wrong;
  for (const std::string_view taken : {"id", "rowid", "oid"}) {
    if (field.name == taken) {
      return complaint("name", quoted(taken) + " is the row's own id in SQL: choose another name");
    }
  }
  return std::nullopt;
}

MaybeComplaint check_rule(const FieldDef& field) {
  const bool opaque = field.type == FieldType::localized || field.type == FieldType::sealed;
  switch (field.rule) {
    case MergeRule::latest:
    case MergeRule::once: return std::nullopt;
    case MergeRule::first:
      if (!opaque) return std::nullopt;
      break;
    case MergeRule::counter:
      if (field.type == FieldType::integer) return std::nullopt;
      return complaint("rule", "a counter adds integers: " + std::string(type_name(field.type)) +
                                   " cannot be added");
    case MergeRule::set:
      if (!opaque && field.type != FieldType::boolean) return std::nullopt;
      break;
    case MergeRule::ladder:
      if (field.type == FieldType::enumerated) return std::nullopt;
      return complaint("rule", "a ladder climbs the choices of an enum, in their order; " +
                                   std::string(type_name(field.type)) + " has none");
  }
  return complaint(
      "rule", std::string(type_name(field.type)) + " cannot merge by " +
                  std::string(rule_name(field.rule)) + ": use " +
                  (field.type == FieldType::boolean ? "latest, first or once" : "latest or once"));
}

MaybeComplaint check_choices(const FieldDef& field) {
  if (field.type != FieldType::enumerated) {
    if (field.choices.empty()) return std::nullopt;
    return complaint("choices", "only an enum has choices");
  }
  if (field.choices.empty()) return complaint("choices", "an enum needs its choices");
  if (field.choices.size() > field_choices_max) {
    return complaint("choices", limit_text("choices", field_choices_max));
  }
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < field.choices.size(); ++i) {
    const std::string& choice = field.choices[i];
    if (!is_choice(choice)) {
      return complaint("choices",
                       quoted(choice) + " is no choice: a-z and 0-9, then also _ . - (at most " +
                           std::to_string(schema_name_bytes_max) + " bytes)",
                       i);
    }
    if (!seen.insert(choice).second) {
      return complaint("choices", quoted(choice) + " stands here twice", i);
    }
  }
  return std::nullopt;
}

MaybeComplaint check_limits(const FieldDef& field) {
  if (has_free_length(field.type)) {
    const std::size_t most = field.type == FieldType::path ? path_bytes_max : value_bytes_max;
    if (field.bytes_max == 0) return complaint("bytes_max", "must be at least 1");
    if (field.bytes_max > most) {
      return complaint("bytes_max",
                       limit_text("bytes of a " + std::string(type_name(field.type)), most));
    }
  } else if (field.bytes_max != fixed_length(field)) {
    return complaint("bytes_max",
                     std::string(type_name(field.type)) + " has no length to be limited");
  }
  if (field.rule == MergeRule::set) {
    if (field.elements_max == 0) return complaint("elements_max", "must be at least 1");
    if (field.elements_max > set_elements_max) {
      return complaint("elements_max", limit_text("elements of a set", set_elements_max));
    }
  } else if (field.elements_max != 0) {
    return complaint("elements_max", "only a set has elements");
  }
  return std::nullopt;
}

MaybeComplaint check_marks(const FieldDef& field) {
  const bool single = field.rule != MergeRule::set;
  if (field.required && (!single || field.rule == MergeRule::counter)) {
    return complaint("required", "a " + std::string(rule_name(field.rule)) +
                                     " begins empty: it cannot be required");
  }
  if (field.search &&
      (!single || (field.type != FieldType::text && field.type != FieldType::localized))) {
    return complaint("search", "only text and localized fields that hold one value are searched");
  }
  if (field.index && (!single || field.type == FieldType::localized ||
                      field.type == FieldType::sealed || field.type == FieldType::bytes)) {
    return complaint("index", "sets and fields of type localized, sealed and bytes have no index");
  }
  if (field.guarded.value != 0 && field.type != FieldType::id) {
    return complaint("guarded", "only fields of type id name rows");
  }
  return std::nullopt;
}

MaybeComplaint check_field(const CollectionDef& collection, const FieldDef& field) {
  if (field.id.value == 0 || field.id.value > field_id_max) {
    return complaint("id", "field ids go from 1 to " + std::to_string(field_id_max));
  }
  if (auto wrong = check_field_name(field)) return wrong;
  if (!is_known(field.type)) return complaint("type", "is unknown");
  if (!is_known(field.rule)) return complaint("rule", "is unknown");
  if (collection.append_only && field.rule != MergeRule::once) {
    return complaint("rule",
                     "every field of an append-only collection is once: a correction is a new row");
  }
  if (auto wrong = check_rule(field)) return wrong;
  if (auto wrong = check_choices(field)) return wrong;
  if (auto wrong = check_limits(field)) return wrong;
  return check_marks(field);
}

// --- derived ids

bool can_derive(FieldType type) {
  return type != FieldType::localized && type != FieldType::sealed && type != FieldType::bytes;
}

bool derives_from(const CollectionDef& collection, FieldId field) {
  const auto& from = collection.derived_from;
  return std::find(from.begin(), from.end(), field) != from.end();
}

MaybeComplaint check_derivation(const CollectionDef& collection) {
  std::set<FieldId> seen;
  for (std::size_t i = 0; i < collection.derived_from.size(); ++i) {
    const auto at = collection.position(collection.derived_from[i]);
    if (!at || *at == 0) return complaint("derived_from", "names a field that is not there", i);
    const FieldDef& field = collection.fields[*at];
    if (field.rule != MergeRule::once || !field.required) {
      return complaint(
          "derived_from",
          quoted(field.name) + " must be once and required: what makes the id never changes", i);
    }
    if (!can_derive(field.type)) {
      return complaint("derived_from",
                       "no id is derived from " + std::string(type_name(field.type)), i);
    }
    if (!seen.insert(field.id).second) {
      return complaint("derived_from", quoted(field.name) + " stands here twice", i);
    }
  }
  return std::nullopt;
}

// --- scope paths

// The fields of a template, its condition's among them.
std::vector<FieldId> template_fields(const PathTemplate& path) {
  std::vector<FieldId> fields;
  for (const PathTemplate::Part& part : path.parts) {
    if (part.field) fields.push_back(*part.field);
  }
  if (path.when_field) fields.push_back(*path.when_field);
  return fields;
}

std::optional<std::string> wrong_part(const FieldDef& field) {
  const bool path_like = field.type == FieldType::id || field.type == FieldType::path ||
                         field.type == FieldType::enumerated;
  if (path_like) return std::nullopt;
  return quoted(field.name) + " is " + std::string(type_name(field.type)) +
         ": a path is made of fields of type path, id and enum";
}

std::optional<std::string> wrong_condition(const FieldDef& field, const std::string& value) {
  if (field.rule == MergeRule::set ||
      (field.type != FieldType::enumerated && field.type != FieldType::text)) {
    return "when needs an enum or text field that holds one value: " + quoted(field.name) +
           " is none";
  }
  if (value.empty()) return "when needs a value behind =";
  if (field.type == FieldType::enumerated &&
      std::find(field.choices.begin(), field.choices.end(), value) == field.choices.end()) {
    return quoted(value) + " is no choice of " + quoted(field.name);
  }
  return std::nullopt;
}

// What a template can give at most, and whether every row has a path by it.
struct PathShape {
  std::size_t bytes = 0;
  std::size_t count = 1;
  std::size_t sets = 0;
  bool always = true;
};

PathShape shape_of(const CollectionDef& collection, const PathTemplate& path) {
  constexpr std::size_t row_id_text_bytes = 36;
  PathShape shape;
  shape.always = !path.when_field;
  for (const PathTemplate::Part& part : path.parts) {
    if (part.row_id) {
      shape.bytes += row_id_text_bytes;
    } else if (!part.field) {
      shape.bytes += part.literal.size();
    } else {
      const FieldDef& field = collection.fields[*collection.position(*part.field)];
      shape.bytes += field.type == FieldType::id ? row_id_text_bytes : field.bytes_max;
      if (field.rule == MergeRule::set) {
        ++shape.sets;
        shape.count *= field.elements_max;
      }
      if (!field.required) shape.always = false;
    }
  }
  return shape;
}

// The path that a template would give if each of its fields were one plain segment.
std::string sample_of(const PathTemplate& path) {
  std::string sample;
  for (const PathTemplate::Part& part : path.parts) {
    sample += part.row_id || part.field ? std::string("x") : part.literal;
  }
  return sample;
}

std::optional<std::string> wrong_template(const CollectionDef& collection,
                                          const PathTemplate& path) {
  for (const PathTemplate::Part& part : path.parts) {
    if (part.row_id && part.field) return "a part is the row's id or a field, not both";
    if (!part.field) continue;
    const auto at = collection.position(*part.field);
    if (!at || *at == 0) return "names a field that is not there";
    if (auto wrong = wrong_part(collection.fields[*at])) return wrong;
  }
  if (path.when_field) {
    const auto at = collection.position(*path.when_field);
    if (!at || *at == 0) return "names a field that is not there";
    if (auto wrong = wrong_condition(collection.fields[*at], path.when_value)) return wrong;
  }
  if (auto path_wrong = check_path(sample_of(path)); !path_wrong) return path_wrong.error().message;
  const PathShape shape = shape_of(collection, path);
  if (shape.sets > 1) return "a template has one set field at most";
  if (shape.bytes > path_bytes_max) {
    return "can grow to " + std::to_string(shape.bytes) + " bytes, and a path has at most " +
           std::to_string(path_bytes_max) + ": set bytes_max of its fields";
  }
  if (collection.derived_from.empty()) return std::nullopt;
  for (const FieldId field : template_fields(path)) {
    if (derives_from(collection, field)) continue;
    return quoted(collection.fields[*collection.position(field)].name) +
           " is not in derived_from: the id of a derived row must fix its paths, or it would tell "
           "whether a hidden row exists";
  }
  return std::nullopt;
}

MaybeComplaint check_paths(const CollectionDef& collection) {
  if (collection.paths.empty()) return complaint("paths", "a collection needs a path template");
  if (collection.paths.size() > collection_paths_max) {
    return complaint("paths", limit_text("path templates", collection_paths_max));
  }
  std::set<std::string_view> seen;
  std::size_t count = 0;
  bool always = false;
  for (std::size_t i = 0; i < collection.paths.size(); ++i) {
    const PathTemplate& path = collection.paths[i];
    if (auto wrong = wrong_template(collection, path)) {
      return complaint("paths", quoted(path.text) + ": " + *wrong, i);
    }
    if (!seen.insert(path.text).second) {
      return complaint("paths", quoted(path.text) + " stands here twice", i);
    }
    const PathShape shape = shape_of(collection, path);
    count += shape.count;
    always = always || shape.always;
    if (count > row_paths_max) {
      return complaint("paths",
                       quoted(path.text) + ": a row could have " + std::to_string(count) +
                           " paths, and at most " + std::to_string(row_paths_max) +
                           " are allowed: lower elements_max of the set",
                       i);
    }
  }
  if (!always) {
    return complaint("paths",
                     "a row could be without any path, and nobody would see it: one template must "
                     "be of {id}, required fields or fixed words, without a condition");
  }
  return std::nullopt;
}

// --- collections

SchemaProblem at(std::size_t collection, std::optional<std::size_t> field, Complaint complaint) {
  return SchemaProblem{
      collection, field, {}, complaint.key, complaint.element, std::move(complaint.message)};
}

std::optional<SchemaProblem> check_fields(const Schema& schema, std::size_t c) {
  const CollectionDef& collection = schema.collections[c];
  std::set<std::string_view> names;
  for (std::size_t f = 1; f < collection.fields.size(); ++f) {
    const FieldDef& field = collection.fields[f];
    if (auto wrong = check_field(collection, field)) return at(c, f, std::move(*wrong));
    if (field.id == collection.fields[f - 1].id) {
      return at(c, f, complaint("id", "field id " + std::to_string(field.id.value) + " is taken"));
    }
    if (field.id < collection.fields[f - 1].id) {
      return at(c, f, complaint("id", "fields stand in the order of their ids"));
    }
    if (!names.insert(field.name).second) {
      return at(c, f, complaint("name", "the name " + quoted(field.name) + " is taken"));
    }
  }
  return std::nullopt;
}

MaybeComplaint check_collection_itself(const CollectionDef& collection) {
  if (collection.id.value == 0 || collection.id.value > collection_id_max) {
    return complaint("id", "collection ids go from 1 to " + std::to_string(collection_id_max));
  }
  if (auto wrong = check_name("collection", collection.name)) return wrong;
  if (collection.name.substr(0, 7) == "sqlite_") {
    return complaint("collection", "names that begin with sqlite_ are SQLite's own");
  }
  if (collection.fields.empty() || !(collection.fields[0] == deleted_field())) {
    return complaint("fields", "the field _deleted is missing in front");
  }
  if (collection.fields.size() == 1) return complaint("fields", "a collection needs a field");
  if (collection.fields.size() > collection_fields_max + 1) {
    return complaint("fields", limit_text("fields", collection_fields_max));
  }
  return std::nullopt;
}

// Every row must fit a page with all that may be kept of it.
MaybeComplaint check_row_size(const CollectionDef& collection) {
  constexpr std::size_t beside_value = 48;  // stamp, generation, device, lengths
  std::size_t bytes = 0;
  for (const FieldDef& field : collection.fields) {
    const std::size_t values =
        field.rule == MergeRule::set ? field.elements_max : 1 + field.losers_max();
    bytes += values * (field.bytes_max + beside_value);
  }
  if (bytes <= row_bytes_max) return std::nullopt;
  return complaint("fields", "a row could take " + std::to_string(bytes) +
                                 " bytes with its sets and lost values, and at most " +
                                 std::to_string(row_bytes_max) +
                                 " are allowed: give fields a smaller bytes_max or elements_max");
}

std::optional<SchemaProblem> check_collection(const Schema& schema, std::size_t c) {
  const CollectionDef& collection = schema.collections[c];
  if (auto wrong = check_collection_itself(collection)) return at(c, {}, std::move(*wrong));
  if (auto wrong = check_fields(schema, c)) return wrong;
  if (auto wrong = check_derivation(collection)) return at(c, {}, std::move(*wrong));
  if (auto wrong = check_paths(collection)) return at(c, {}, std::move(*wrong));
  if (auto wrong = check_row_size(collection)) return at(c, {}, std::move(*wrong));
  return std::nullopt;
}

SchemaProblem of_schema(std::string_view key, std::string message) {
  return SchemaProblem{{}, {}, {}, key, {}, std::move(message)};
}

std::optional<SchemaProblem> check_collections(const Schema& schema) {
  if (auto wrong = check_name("schema", schema.name)) {
    return of_schema(wrong->key, std::move(wrong->message));
  }
  if (schema.version == 0) return of_schema("version", "versions go from 1");
  if (schema.collections.empty()) return of_schema("", "a schema needs a collection");
  if (schema.collections.size() > schema_collections_max) {
    return of_schema("", limit_text("collections", schema_collections_max));
  }
  std::set<std::string_view> names;
  for (std::size_t c = 0; c < schema.collections.size(); ++c) {
    const CollectionDef& collection = schema.collections[c];
    if (auto wrong = check_collection(schema, c)) return wrong;
    if (c > 0 && collection.id == schema.collections[c - 1].id) {
      return at(
          c, {},
          complaint("id", "collection id " + std::to_string(collection.id.value) + " is taken"));
    }
    if (c > 0 && collection.id < schema.collections[c - 1].id) {
      return at(c, {}, complaint("id", "collections stand in the order of their ids"));
    }
    if (!names.insert(collection.name).second) {
      return at(c, {},
                complaint("collection", "the name " + quoted(collection.name) + " is taken"));
    }
  }
  return std::nullopt;
}

SchemaProblem of_role(std::size_t role, std::optional<std::size_t> rights, std::string_view key,
                      std::string message, std::optional<std::size_t> element = std::nullopt) {
  return SchemaProblem{rights, {}, role, key, element, std::move(message)};
}

bool is_role_name(std::string_view name) {
  if (name.empty() || name.size() > schema_name_bytes_max || !is_lower(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

MaybeComplaint check_choice(std::string_view key, const std::optional<FieldChoice>& choice,
                            const CollectionDef& collection) {
  if (!choice) return std::nullopt;
  if (choice->all && !choice->fields.empty()) {
    return complaint(key, "every field or a list of them, not both");
  }
  for (std::size_t i = 0; i < choice->fields.size(); ++i) {
    const FieldId field = choice->fields[i];
    if (field.value == 0 || !collection.position(field)) {
      return complaint(key, collection.name + " has no field " + std::to_string(field.value), i);
    }
    if (i > 0 && field <= choice->fields[i - 1]) {
      return complaint(key, "fields stand in the order of their ids, each once", i);
    }
  }
  return std::nullopt;
}

// What is written unseen could never be shown to its author again, nor merged with what others
// wrote: only facts that are added once may be.
MaybeComplaint check_written_is_read(std::string_view key, const std::optional<FieldChoice>& writes,
                                     const CollectionRights& rights,
                                     const CollectionDef& collection) {
  if (!writes || collection.append_only) return std::nullopt;
  for (const FieldDef& field : collection.fields) {
    if (field.id.value == 0 || !writes->has(field.id)) continue;
    if (rights.read && rights.read->has(field.id)) continue;
    return complaint(key, "the role may write " + collection.name + "." + field.name +
                              " and not read it; only append-only collections allow that");
  }
  if (writes->all && !(rights.read && rights.read->all)) {
    return complaint(key, "the role may write every field to come and not read it");
  }
  return std::nullopt;
}

MaybeComplaint check_rights(const CollectionRights& rights, const CollectionDef& collection) {
  if (auto wrong = check_choice("read", rights.read, collection)) return wrong;
  if (auto wrong = check_choice("insert", rights.insert, collection)) return wrong;
  if (auto wrong = check_choice("update", rights.update, collection)) return wrong;
  if (collection.append_only && (rights.update || rights.remove || rights.undo)) {
    return complaint(rights.update ? "update" : (rights.remove ? "delete" : "undo"),
                     "rows of " + collection.name + " are added, never changed");
  }
  if (auto wrong = check_written_is_read("insert", rights.insert, rights, collection)) return wrong;
  if (auto wrong = check_written_is_read("update", rights.update, rights, collection)) return wrong;
  if ((rights.update || rights.remove) && !rights.read) {
    return complaint(rights.update ? "update" : "delete",
                     "the role cannot see the rows that it would change: give it \"read\"");
  }
  if (rights.undo && !rights.update) {
    return complaint("undo", "whoever undoes changes fields: give the role \"update\"");
  }
  if (rights.anywhere && !rights.insert) {
    return complaint("anywhere", "it is about rows that are added: give the role \"insert\"");
  }
  if (!rights.insert) return std::nullopt;
  for (const FieldDef& field : collection.fields) {
    if (!field.required || rights.insert->has(field.id)) continue;
    return complaint("insert", collection.name + "." + field.name +
                                   " is required: without it the role can add no row");
  }
  return std::nullopt;
}

std::optional<SchemaProblem> check_role(const Schema& schema, std::size_t r) {
  const RoleDef& role = schema.roles[r];
  if (role.lease_hours > role_lease_hours_max) {
    return of_role(r, {}, "lease_hours",
                   "a lease has at most " + std::to_string(role_lease_hours_max) + " hours");
  }
  if (!is_role_name(role.name)) {
    return of_role(r, {}, "name",
                   quoted(role.name) + " is no role's name: a-z, then a-z, 0-9, _ and - (at most " +
                       std::to_string(schema_name_bytes_max) + " bytes)");
  }
  for (std::size_t before = 0; before < r; ++before) {
    if (schema.roles[before].name == role.name) {
      return of_role(r, {}, "name", "the role " + quoted(role.name) + " is there already");
    }
  }
  for (std::size_t c = 0; c < role.collections.size(); ++c) {
    const CollectionRights& rights = role.collections[c];
    const CollectionDef* collection = schema.find(rights.collection);
    if (collection == nullptr) {
      return of_role(r, c, "", "there is no collection " + std::to_string(rights.collection.value));
    }
    if (c > 0 && rights.collection <= role.collections[c - 1].collection) {
      return of_role(r, c, "", "collections stand in the order of their ids, each once");
    }
    if (auto wrong = check_rights(rights, *collection)) {
      return of_role(r, c, wrong->key, std::move(wrong->message), wrong->element);
    }
  }
  return std::nullopt;
}

std::optional<SchemaProblem> check_guards(const Schema& schema) {
  for (std::size_t c = 0; c < schema.collections.size(); ++c) {
    const auto& fields = schema.collections[c].fields;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (fields[f].guarded.value == 0 || schema.find(fields[f].guarded) != nullptr) continue;
      return at(c, f, complaint("guarded", "there is no such collection"));
    }
  }
  return std::nullopt;
}

std::optional<SchemaProblem> check_roles(const Schema& schema) {
  if (schema.roles.size() > schema_roles_max) {
    return of_schema("roles", limit_text("roles", schema_roles_max));
  }
  for (std::size_t r = 0; r < schema.roles.size(); ++r) {
    if (auto wrong = check_role(schema, r)) return wrong;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SchemaProblem> check_schema(const Schema& schema) {
  if (auto wrong = check_collections(schema)) return wrong;
  if (auto wrong = check_guards(schema)) return wrong;
  return check_roles(schema);
}

}  // namespace rollcall
