#include "schema/evolution.h"

#include <algorithm>
#include <string>

namespace rollcall {
namespace {

Error refuse(const std::string& what, std::string_view why) {
  return failure(ErrorCode::schema_change, what + ": " + std::string(why));
}

std::string from_to(std::string_view present, std::string_view next) {
  return " changed from " + std::string(present) + " to " + std::string(next);
}

bool begins_with(const std::vector<std::string>& choices, const std::vector<std::string>& begin) {
  return choices.size() >= begin.size() && std::equal(begin.begin(), begin.end(), choices.begin());
}

// By what is written: a field's id that changed is told as such.
bool same_texts(const std::vector<PathTemplate>& a, const std::vector<PathTemplate>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const PathTemplate& x, const PathTemplate& y) { return x.text == y.text; });
}

std::string joined(const std::vector<PathTemplate>& paths) {
  std::string out;
  for (const PathTemplate& path : paths) out += (out.empty() ? "\"" : ", \"") + path.text + "\"";
  return out;
}

Result<void> check_choices(const std::string& name, const FieldDef& present, const FieldDef& next) {
  if (begins_with(next.choices, present.choices)) return {};
  const auto gone =
      std::find_if(present.choices.begin(), present.choices.end(), [&](const std::string& choice) {
        return std::find(next.choices.begin(), next.choices.end(), choice) == next.choices.end();
      });
  if (gone != present.choices.end()) {
    return refuse(name + ": the choice \"" + *gone + "\" is gone",
                  "rows and clients hold it; keep it in its place");
  }
  return refuse(name + ": the choices changed their order",
                present.rule == MergeRule::ladder
                    ? "the rungs of a ladder decide merges that have happened; add new ones at the "
                      "end"
                    : "add new ones at the end");
}

Result<void> check_field(const std::string& name, const FieldDef& present, const FieldDef& next) {
  if (next.name != present.name) {
    return refuse(name + ": the name" + from_to(present.name, next.name),
                  "it is the column that queries name; add a field with a new id");
  }
  if (next.type != present.type) {
    return refuse(name + ": the type" + from_to(type_name(present.type), type_name(next.type)),
                  "stored values and clients of the present schema are of the old one; add a field "
                  "with a new id and name");
  }
  if (next.rule != present.rule) {
    return refuse(name + ": the rule" + from_to(rule_name(present.rule), rule_name(next.rule)),
                  "replicas would merge the same writes differently; add a field with a new id and "
                  "name");
  }
  if (next.required && !present.required) {
    return refuse(name + ": it became required",
                  "rows without it exist, and clients of the present schema still make them");
  }
  if (present.type == FieldType::enumerated) {
    ROLLCALL_TRY(check_choices(name, present, next));
  }
  if (next.bytes_max < present.bytes_max) {
    return refuse(name + ": bytes_max" +
                      from_to(std::to_string(present.bytes_max), std::to_string(next.bytes_max)),
                  "a limit that was announced is never lowered; longer values wait to be sent");
  }
  if (next.elements_max < present.elements_max) {
    return refuse(
        name + ": elements_max" +
            from_to(std::to_string(present.elements_max), std::to_string(next.elements_max)),
        "a limit that was announced is never lowered; larger sets wait to be sent");
  }
  return {};
}

Result<void> check_fields(const CollectionDef& present, const CollectionDef& next) {
  for (const FieldDef& field : present.fields) {
    const std::string name = present.name + "." + field.name;
    if (const auto at = next.position(field.id)) {
      ROLLCALL_TRY(check_field(name, field, next.fields[*at]));
      continue;
    }
    const bool renumbered = next.find(field.name) != nullptr;
    return refuse(name + (renumbered ? ": its id changed" : ": it was removed"),
                  renumbered ? "rows, clients and the history know it by its id; give it back"
                             : "rows and clients hold it; a field that is no longer used stays");
  }
  for (const FieldDef& field : next.fields) {
    if (!present.position(field.id) && field.required) {
      return refuse(present.name + "." + field.name + ": a new field is required",
                    "rows without it exist, and clients of the present schema still make them");
    }
  }
  return {};
}

Result<void> check_collection(const CollectionDef& present, const CollectionDef& next) {
  if (next.name != present.name) {
    return refuse(present.name + ": the name" + from_to(present.name, next.name),
                  "it is the view that queries name; add a collection with a new id");
  }
  if (next.append_only != present.append_only) {
    return refuse(present.name + ": append_only changed",
                  "clients of the present schema would still write by the old rule");
  }
  if (next.derived_from != present.derived_from) {
    return refuse(present.name + ": derived_from changed",
                  "the same row would get another id; add a collection with a new id");
  }
  if (!same_texts(next.paths, present.paths)) {
    return refuse(present.name + ": paths" + from_to(joined(present.paths), joined(next.paths)),
                  "every row would have to move, and devices would see rows they did not; add a "
                  "collection with a new id");
  }
  return check_fields(present, next);
}

Result<void> check_collections(const Schema& present, const Schema& next) {
  for (const CollectionDef& collection : present.collections) {
    if (const CollectionDef* same = next.find(collection.id)) {
      ROLLCALL_TRY(check_collection(collection, *same));
      continue;
    }
    const bool renumbered = next.find(collection.name) != nullptr;
    return refuse(collection.name + (renumbered ? ": its id changed" : ": it was removed"),
                  renumbered ? "rows, clients and the history know it by its id; give it back"
                             : "it has rows, and clients write to it; one that is no longer used "
                               "stays");
  }
  return {};
}

}  // namespace

Result<void> check_evolution(const Schema& present, const Schema& next) {
  if (next.name != present.name) {
    return refuse("the schema's name" + from_to(present.name, next.name),
                  "it is another schema; give it a space of its own");
  }
  ROLLCALL_TRY(check_collections(present, next));
  if (next.version < present.version) {
    return refuse(
        "the version" + from_to(std::to_string(present.version), std::to_string(next.version)),
        "versions only rise: clients fetch a schema that is newer than theirs");
  }
  if (next.version == present.version &&
      (next.collections != present.collections || next.roles != present.roles)) {
    return refuse("version " + std::to_string(present.version) + " has other content already",
                  "raise \"version\" in schema.json, so that clients fetch it");
  }
  return {};
}

}  // namespace rollcall
