#include "schema/schema_message.h"

#include <algorithm>
#include <utility>

#include "schema/check_schema.h"
#include "schema/field_length.h"
#include "schema/limits.h"
#include "schema/path_template.h"

namespace rollcall {
namespace {

FieldMessage field_message(const FieldDef& field) {
  FieldMessage message;
  message.id = field.id;
  message.name = field.name;
  message.type = field.type;
  message.rule = field.rule;
  message.required = field.required;
  message.bytes_max = has_free_length(field.type) ? field.bytes_max : 0;
  message.elements_max = field.elements_max;
  message.choices = field.choices;
  message.search = field.search;
  message.index = field.index;
  message.guarded = field.guarded;
  return message;
}

FieldDef field_of_message(FieldMessage message) {
  FieldDef field;
  field.id = message.id;
  field.name = std::move(message.name);
  field.type = message.type;
  field.rule = message.rule;
  field.required = message.required;
  field.elements_max = message.elements_max;
  field.choices = std::move(message.choices);
  field.search = message.search;
  field.index = message.index;
  field.guarded = message.guarded;
  field.bytes_max = has_free_length(field.type) ? message.bytes_max : fixed_length(field);
  return field;
}

CollectionMessage collection_message(const CollectionDef& collection) {
  CollectionMessage message;
  message.id = collection.id;
  message.name = collection.name;
  message.append_only = collection.append_only;
  for (const FieldDef& field : collection.fields) {
    if (field.id.value != 0) message.fields.push_back(field_message(field));
  }
  message.derived_from = collection.derived_from;
  for (const PathTemplate& path : collection.paths) message.paths.push_back(path.text);
  return message;
}

Result<CollectionDef> collection_of_message(CollectionMessage message) {
  // Before the templates are read: each looks its fields up among all.
  if (message.fields.size() > collection_fields_max ||
      message.paths.size() > collection_paths_max ||
      message.derived_from.size() > collection_fields_max) {
    return failure(ErrorCode::schema, "a collection has more fields or paths than it may");
  }
  CollectionDef collection;
  collection.id = message.id;
  collection.name = std::move(message.name);
  collection.append_only = message.append_only;
  collection.fields.push_back(deleted_field());
  for (FieldMessage& field : message.fields) {
    collection.fields.push_back(field_of_message(std::move(field)));
  }
  collection.derived_from = std::move(message.derived_from);
  for (const std::string& text : message.paths) {
    ROLLCALL_TRY_ASSIGN(PathTemplate path, parse_path_template(collection, text));
    collection.paths.push_back(std::move(path));
  }
  return collection;
}

std::optional<FieldChoiceMessage> choice_message(const std::optional<FieldChoice>& choice) {
  if (!choice) return std::nullopt;
  return FieldChoiceMessage{choice->all, choice->fields};
}

std::optional<FieldChoice> choice_of_message(std::optional<FieldChoiceMessage> message) {
  if (!message) return std::nullopt;
  return FieldChoice{message->all, std::move(message->fields)};
}

RoleMessage role_message(const RoleDef& role) {
  RoleMessage message;
  message.name = role.name;
  message.lease_hours = role.lease_hours;
  for (const CollectionRights& rights : role.collections) {
    message.collections.push_back({rights.collection, choice_message(rights.read),
                                   choice_message(rights.insert), choice_message(rights.update),
                                   rights.remove, rights.undo, rights.anywhere});
  }
  return message;
}

RoleDef role_of_message(RoleMessage message) {
  RoleDef role;
  role.name = std::move(message.name);
  role.lease_hours = message.lease_hours;
  for (CollectionRightsMessage& rights : message.collections) {
    role.collections.push_back({rights.collection, choice_of_message(std::move(rights.read)),
                                choice_of_message(std::move(rights.insert)),
                                choice_of_message(std::move(rights.update)), rights.remove,
                                rights.undo, rights.anywhere});
  }
  return role;
}

// The lowest format that can say it.
std::uint32_t format_of(const Schema& schema) {
  const auto has_guard = [](const CollectionDef& collection) {
    return std::any_of(collection.fields.begin(), collection.fields.end(),
                       [](const FieldDef& field) { return field.guarded.value != 0; });
  };
  const auto has_lease = [](const RoleDef& role) { return role.lease_hours != 0; };
  if (std::any_of(schema.collections.begin(), schema.collections.end(), has_guard) ||
      std::any_of(schema.roles.begin(), schema.roles.end(), has_lease)) {
    return schema_format_leases;
  }
  return schema.roles.empty() ? schema_format_plain : schema_format_roles;
}

// Where a schema that did not come from files is wrong.
Error described(const Schema& schema, const SchemaProblem& problem) {
  std::string where;
  if (problem.role) {
    where = "role " + std::to_string(*problem.role + 1) + ": ";
  } else if (problem.collection) {
    const CollectionDef& collection = schema.collections[*problem.collection];
    where = "collection " + std::to_string(collection.id.value);
    if (problem.field) {
      where += ", field " + std::to_string(collection.fields[*problem.field].id.value);
    }
    where += ": ";
  }
  return failure(ErrorCode::schema, where + std::string(problem.key) + ": " + problem.message);
}

}  // namespace

SchemaMessage schema_message(const Schema& schema) {
  SchemaMessage message;
  message.format = format_of(schema);
  message.name = schema.name;
  message.version = schema.version;
  for (const CollectionDef& collection : schema.collections) {
    message.collections.push_back(collection_message(collection));
  }
  for (const RoleDef& role : schema.roles) message.roles.push_back(role_message(role));
  return message;
}

Result<Schema> schema_of_message(SchemaMessage message) {
  Schema schema;
  schema.name = std::move(message.name);
  schema.version = message.version;
  for (CollectionMessage& collection : message.collections) {
    ROLLCALL_TRY_ASSIGN(CollectionDef made, collection_of_message(std::move(collection)));
    schema.collections.push_back(std::move(made));
  }
  for (RoleMessage& role : message.roles) {
    schema.roles.push_back(role_of_message(std::move(role)));
  }
  if (const auto problem = check_schema(schema)) return described(schema, *problem);
  return schema;
}

}  // namespace rollcall
