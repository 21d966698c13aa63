#include "schema/role_source.h"

#include <algorithm>
#include <map>
#include <utility>

#include "schema/object_reader.h"

namespace rollcall {
namespace {

std::string shown(std::string_view name) {
  return "\"" + std::string(name.substr(0, schema_name_bytes_max)) + "\"";
}

// "all", or the names of fields.
Result<std::optional<FieldChoice>> read_choice(const ObjectReader& reader, std::string_view key,
                                               const CollectionDef& collection) {
  const JsonNode* value = reader.node().find(key);
  if (value == nullptr) return std::optional<FieldChoice>();
  FieldChoice choice;
  if (value->kind == JsonNode::Kind::text && value->text == "all") {
    choice.all = true;
    return std::optional<FieldChoice>(choice);
  }
  if (value->kind != JsonNode::Kind::array) {
    return reader.error(*value, shown(key) + " is \"all\" or a list of fields");
  }
  ROLLCALL_TRY_ASSIGN(const auto names, reader.list(*value, JsonNode::Kind::text));
  for (const JsonNode* name : names) {
    const FieldDef* field = collection.find(name->text);
    if (field == nullptr || field->id.value == 0) {
      return reader.error(*name, collection.name + " has no field " + shown(name->text));
    }
    const auto place = std::lower_bound(choice.fields.begin(), choice.fields.end(), field->id);
    if (place != choice.fields.end() && *place == field->id) {
      return reader.error(*name, shown(name->text) + " stands here twice");
    }
    choice.fields.insert(place, field->id);
  }
  return std::optional<FieldChoice>(std::move(choice));
}

Result<CollectionRights> read_rights(const ObjectReader& reader, const CollectionDef& collection) {
  ROLLCALL_TRY(reader.only("a role's collection",
                           {"about", "read", "insert", "update", "delete", "undo", "anywhere"}));
  ROLLCALL_TRY(reader.maybe("about", JsonNode::Kind::text));
  CollectionRights rights;
  rights.collection = collection.id;
  ROLLCALL_TRY_ASSIGN(rights.read, read_choice(reader, "read", collection));
  ROLLCALL_TRY_ASSIGN(rights.insert, read_choice(reader, "insert", collection));
  ROLLCALL_TRY_ASSIGN(rights.update, read_choice(reader, "update", collection));
  ROLLCALL_TRY_ASSIGN(rights.remove, reader.flag("delete"));
  ROLLCALL_TRY_ASSIGN(rights.undo, reader.flag("undo"));
  ROLLCALL_TRY_ASSIGN(rights.anywhere, reader.flag("anywhere"));
  return rights;
}

Result<RoleSource> read_role(const SchemaSource& source, const JsonNode& node,
                             const Schema& schema) {
  const ObjectReader reader(source, node);
  ROLLCALL_TRY(reader.only("a role", {"name", "about", "lease_hours", "collections"}));
  RoleSource out;
  out.node = &node;
  ROLLCALL_TRY_ASSIGN(out.role.name, reader.text("name"));
  ROLLCALL_TRY(reader.maybe("about", JsonNode::Kind::text));
  ROLLCALL_TRY_ASSIGN(const JsonNode* lease, reader.maybe("lease_hours", JsonNode::Kind::integer));
  if (lease != nullptr) {
    ROLLCALL_TRY_ASSIGN(out.role.lease_hours,
                        reader.number_in(*lease, "lease_hours", role_lease_hours_max));
  }
  ROLLCALL_TRY_ASSIGN(const JsonNode* map, reader.must("collections", JsonNode::Kind::object));
  std::map<CollectionId, std::pair<CollectionRights, const JsonNode*>> all;
  for (std::size_t i = 0; i < map->keys.size(); ++i) {
    const CollectionDef* collection = schema.find(map->keys[i].text);
    if (collection == nullptr) {
      return error_at(source.name, source.text, map->keys[i].offset,
                      "there is no collection " + shown(map->keys[i].text));
    }
    const JsonNode& value = map->elements[i];
    if (value.kind != JsonNode::Kind::object) {
      return reader.error(value, "what a role may do in a collection is an object, not " +
                                     std::string(kind_name(value.kind)));
    }
    const ObjectReader rights_reader(source, value);
    ROLLCALL_TRY_ASSIGN(CollectionRights rights, read_rights(rights_reader, *collection));
    all.emplace(collection->id, std::pair(std::move(rights), &value));
  }
  for (auto& [unused, rights] : all) {
    out.role.collections.push_back(std::move(rights.first));
    out.rights_nodes.push_back(rights.second);
  }
  return out;
}

}  // namespace

Result<std::vector<RoleSource>> read_roles(const SchemaSource& source, const JsonNode& root,
                                           const Schema& schema) {
  const ObjectReader reader(source, root);
  ROLLCALL_TRY(reader.only("a file of roles", {"roles", "about"}));
  ROLLCALL_TRY(reader.maybe("about", JsonNode::Kind::text));
  ROLLCALL_TRY_ASSIGN(const JsonNode* array, reader.must("roles", JsonNode::Kind::array));
  ROLLCALL_TRY_ASSIGN(const auto nodes, reader.list(*array, JsonNode::Kind::object));
  if (nodes.size() > schema_roles_max) {
    return reader.error(*array,
                        "a schema has at most " + std::to_string(schema_roles_max) + " roles");
  }
  std::vector<RoleSource> roles;
  for (const JsonNode* node : nodes) {
    ROLLCALL_TRY_ASSIGN(RoleSource role, read_role(source, *node, schema));
    roles.push_back(std::move(role));
  }
  return roles;
}

}  // namespace rollcall
