#include "schema/compiler.h"

#include <algorithm>
#include <utility>

#include "engine/model/limits.h"
#include "schema/check_schema.h"
#include "schema/compiled.h"
#include "schema/field_length.h"
#include "schema/json_document.h"
#include "schema/limits.h"
#include "schema/object_reader.h"
#include "schema/path_template.h"
#include "schema/role_source.h"

namespace rollcall {
namespace {

// A file's collection, with the places of what it is made of.
struct CollectionSource {
  const SchemaSource* source = nullptr;
  const JsonNode* root = nullptr;
  CollectionDef collection;
  std::vector<const JsonNode*> field_nodes;  // by position; none for _deleted
};

template <class Enum>
Result<Enum> read_word(const ObjectReader& reader, const JsonNode& node, Enum first, Enum last,
                       std::string_view (*name)(Enum)) {
  std::string known;
  for (auto number = static_cast<int>(first); number <= static_cast<int>(last); ++number) {
    const auto candidate = static_cast<Enum>(number);
    if (name(candidate) == node.text) return candidate;
    known += " " + std::string(name(candidate));
  }
  return reader.error(
      node, "\"" + node.text.substr(0, schema_name_bytes_max) + "\" is unknown; there are" + known);
}

Result<void> read_type_and_rule(const ObjectReader& reader, bool append_only, FieldDef& field) {
  ROLLCALL_TRY_ASSIGN(const JsonNode* type, reader.must("type", JsonNode::Kind::text));
  ROLLCALL_TRY_ASSIGN(field.type, read_word<FieldType>(reader, *type, FieldType::text,
                                                       FieldType::sealed, &type_name));
  ROLLCALL_TRY_ASSIGN(const JsonNode* rule, reader.maybe("rule", JsonNode::Kind::text));
  if (rule == nullptr) {
    field.rule = append_only ? MergeRule::once : MergeRule::latest;
    return {};
  }
  ROLLCALL_TRY_ASSIGN(field.rule, read_word<MergeRule>(reader, *rule, MergeRule::latest,
                                                       MergeRule::once, &rule_name));
  return {};
}

Result<void> read_lengths(const ObjectReader& reader, FieldDef& field) {
  constexpr std::uint32_t any = 0xffff'ffff;
  const bool is_set = field.rule == MergeRule::set;
  field.bytes_max = has_free_length(field.type) ? default_length(field.type) : fixed_length(field);
  field.elements_max = is_set ? set_elements_default : 0;
  ROLLCALL_TRY_ASSIGN(const JsonNode* bytes, reader.maybe("bytes_max", JsonNode::Kind::integer));
  if (bytes != nullptr) {
    ROLLCALL_TRY_ASSIGN(const std::uint32_t most, reader.number_in(*bytes, "bytes_max", any));
    if (!has_free_length(field.type)) {
      return reader.error(
          *bytes, std::string(type_name(field.type)) + " has no length that a schema could limit");
    }
    field.bytes_max = most;
  }
  ROLLCALL_TRY_ASSIGN(const JsonNode* elements,
                      reader.maybe("elements_max", JsonNode::Kind::integer));
  if (elements != nullptr) {
    ROLLCALL_TRY_ASSIGN(field.elements_max, reader.number_in(*elements, "elements_max", any));
  }
  return {};
}

Result<FieldDef> read_field(const ObjectReader& reader, bool append_only) {
  ROLLCALL_TRY(
      reader.only("a field", {"id", "name", "about", "type", "rule", "required", "bytes_max",
                              "elements_max", "choices", "search", "index", "guarded"}));
  FieldDef field;
  ROLLCALL_TRY_ASSIGN(const std::uint32_t id, reader.number("id", field_id_max));
  field.id = FieldId(static_cast<std::uint16_t>(id));
  ROLLCALL_TRY_ASSIGN(field.name, reader.text("name"));
  ROLLCALL_TRY(reader.maybe("about", JsonNode::Kind::text));
  ROLLCALL_TRY(read_type_and_rule(reader, append_only, field));
  ROLLCALL_TRY_ASSIGN(field.required, reader.flag("required"));
  ROLLCALL_TRY_ASSIGN(field.search, reader.flag("search"));
  ROLLCALL_TRY_ASSIGN(field.index, reader.flag("index"));
  ROLLCALL_TRY(reader.maybe("guarded", JsonNode::Kind::text));
  ROLLCALL_TRY_ASSIGN(const auto choices, reader.texts("choices"));
  for (const JsonNode* choice : choices) field.choices.push_back(choice->text);
  ROLLCALL_TRY(read_lengths(reader, field));
  return field;
}

// Fields come in any order and are kept in that of their ids.
Result<void> read_fields(const ObjectReader& reader, CollectionSource& out) {
  ROLLCALL_TRY_ASSIGN(const JsonNode* array, reader.must("fields", JsonNode::Kind::array));
  ROLLCALL_TRY_ASSIGN(const auto nodes, reader.list(*array, JsonNode::Kind::object));
  if (nodes.size() > collection_fields_max) {
    return reader.error(
        *array, "a collection has at most " + std::to_string(collection_fields_max) + " fields");
  }
  std::vector<std::pair<FieldDef, const JsonNode*>> fields;
  fields.emplace_back(deleted_field(), array);
  for (const JsonNode* node : nodes) {
    const ObjectReader field_reader(*out.source, *node);
    ROLLCALL_TRY_ASSIGN(FieldDef field, read_field(field_reader, out.collection.append_only));
    fields.emplace_back(std::move(field), node);
  }
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto& a, const auto& b) { return a.first.id < b.first.id; });
  for (auto& [field, node] : fields) {
    out.collection.fields.push_back(std::move(field));
    out.field_nodes.push_back(node);
  }
  return {};
}

Result<void> read_derivation(const ObjectReader& reader, CollectionDef& collection) {
  ROLLCALL_TRY_ASSIGN(const auto names, reader.texts("derived_from"));
  for (const JsonNode* name : names) {
    const FieldDef* field = collection.find(name->text);
    if (field == nullptr || field->id.value == 0) {
      return reader.error(*name, collection.name + " has no field \"" +
                                     name->text.substr(0, schema_name_bytes_max) + "\"");
    }
    collection.derived_from.push_back(field->id);
  }
  return {};
}

Result<void> read_paths(const ObjectReader& reader, CollectionDef& collection) {
  ROLLCALL_TRY_ASSIGN(const auto texts, reader.texts("paths"));
  for (const JsonNode* text : texts) {
    auto path = parse_path_template(collection, text->text);
    if (!path) return reader.error(*text, path.error().message);
    collection.paths.push_back(std::move(*path));
  }
  return {};
}

Result<CollectionSource> read_collection(const SchemaSource& source, const JsonNode& root) {
  const ObjectReader reader(source, root);
  ROLLCALL_TRY(reader.only("a collection", {"collection", "id", "about", "append_only",
                                            "derived_from", "paths", "fields"}));
  CollectionSource out;
  out.source = &source;
  out.root = &root;
  ROLLCALL_TRY_ASSIGN(out.collection.name, reader.text("collection"));
  ROLLCALL_TRY_ASSIGN(const std::uint32_t id, reader.number("id", collection_id_max));
  out.collection.id = CollectionId(static_cast<std::uint16_t>(id));
  ROLLCALL_TRY(reader.maybe("about", JsonNode::Kind::text));
  ROLLCALL_TRY_ASSIGN(out.collection.append_only, reader.flag("append_only"));
  ROLLCALL_TRY(read_fields(reader, out));
  ROLLCALL_TRY(read_derivation(reader, out.collection));
  ROLLCALL_TRY(read_paths(reader, out.collection));
  return out;
}

// Takes the files of a schema one by one, then judges the whole.
class Compilation {
 public:
  Result<void> add(const SchemaSource& source, const JsonNode& root) {
    const ObjectReader reader(source, root);
    if (root.kind != JsonNode::Kind::object) {
      return reader.error("a schema file holds an object, not " +
                          std::string(kind_name(root.kind)));
    }
    if (root.find("schema") != nullptr) return add_header(source, root);
    if (root.find("roles") != nullptr) {
      if (roles_root_ != nullptr) {
        return reader.error("the roles are declared in " + roles_source_->name + " already");
      }
      roles_source_ = &source;
      roles_root_ = &root;
      return {};
    }
    if (root.find("collection") == nullptr) {
      return reader.error(
          "a schema file begins with \"collection\" or, once, with \"schema\" or \"roles\"");
    }
    ROLLCALL_TRY_ASSIGN(CollectionSource collection, read_collection(source, root));
    collections_.push_back(std::move(collection));
    return {};
  }

  Result<Schema> finish() {
    if (header_ == nullptr) {
      return failure(ErrorCode::schema,
                     "no file names the schema: add schema.json with \"schema\" and \"version\"");
    }
    std::stable_sort(collections_.begin(), collections_.end(),
                     [](const CollectionSource& a, const CollectionSource& b) {
                       return a.collection.id < b.collection.id;
                     });
    for (const CollectionSource& source : collections_) {
      schema_.collections.push_back(source.collection);
    }
    ROLLCALL_TRY(find_guarded());
    if (roles_root_ != nullptr) {
      ROLLCALL_TRY_ASSIGN(roles_, read_roles(*roles_source_, *roles_root_, schema_));
      for (const RoleSource& role : roles_) schema_.roles.push_back(role.role);
    }
    if (const auto problem = check_schema(schema_)) return located(*problem);
    return std::move(schema_);
  }

 private:
  Result<void> add_header(const SchemaSource& source, const JsonNode& root) {
    const ObjectReader reader(source, root);
    if (header_ != nullptr) {
      return reader.error("the schema is named in " + header_source_->name + " already");
    }
    ROLLCALL_TRY(reader.only("a schema", {"schema", "version", "about"}));
    ROLLCALL_TRY_ASSIGN(schema_.name, reader.text("schema"));
    ROLLCALL_TRY_ASSIGN(schema_.version, reader.number("version", 0xffff'ffff));
    ROLLCALL_TRY(reader.maybe("about", JsonNode::Kind::text));
    header_ = &root;
    header_source_ = &source;
    return {};
  }

  // What guarded references name may stand in any file: known when all are read.
  Result<void> find_guarded() {
    for (std::size_t c = 0; c < collections_.size(); ++c) {
      const CollectionSource& source = collections_[c];
      for (std::size_t f = 1; f < source.field_nodes.size(); ++f) {
        const JsonNode* name = source.field_nodes[f]->find("guarded");
        if (name == nullptr) continue;
        const CollectionDef* named = schema_.find(name->text);
        if (named == nullptr) {
          return error_at(
              source.source->name, source.source->text, name->offset,
              "there is no collection \"" + name->text.substr(0, schema_name_bytes_max) + "\"");
        }
        schema_.collections[c].fields[f].guarded = named->id;
      }
    }
    return {};
  }

  // The closest place that the problem can be shown at: the element, the key's value, the field,
  // the collection, the role, the schema.
  [[nodiscard]] Error located(const SchemaProblem& problem) const {
    const SchemaSource* source = header_source_;
    const JsonNode* node = header_;
    if (problem.role) {
      const RoleSource& role = roles_[*problem.role];
      source = roles_source_;
      node = problem.collection ? role.rights_nodes[*problem.collection] : role.node;
    } else if (problem.collection) {
      const CollectionSource& collection = collections_[*problem.collection];
      source = collection.source;
      node = problem.field ? collection.field_nodes[*problem.field] : collection.root;
    }
    const std::string& message = problem.message;
    if (const JsonNode* value = node->find(problem.key)) {
      node = value;
      if (problem.element && *problem.element < value->elements.size()) {
        node = &value->elements[*problem.element];
      }
    }
    return error_at(source->name, source->text, node->offset, message);
  }

  Schema schema_;
  const SchemaSource* header_source_ = nullptr;
  const JsonNode* header_ = nullptr;
  std::vector<CollectionSource> collections_;
  const SchemaSource* roles_source_ = nullptr;
  const JsonNode* roles_root_ = nullptr;
  std::vector<RoleSource> roles_;
};

}  // namespace

Result<Schema> compile_schema(const std::vector<SchemaSource>& files,
                              const Cryptography& cryptography) {
  if (files.size() > schema_files_max) {
    return failure(ErrorCode::schema, std::to_string(files.size()) +
                                          " files, and a schema has at most " +
                                          std::to_string(schema_files_max));
  }
  std::vector<JsonNode> roots;
  for (const SchemaSource& file : files) {
    ROLLCALL_TRY_ASSIGN(JsonNode root, parse_json(file.name, file.text));
    roots.push_back(std::move(root));
  }
  Compilation compilation;
  for (std::size_t i = 0; i < files.size(); ++i) ROLLCALL_TRY(compilation.add(files[i], roots[i]));
  ROLLCALL_TRY_ASSIGN(Schema schema, compilation.finish());
  const Bytes encoded = encode_schema(schema);
  if (encoded.size() > compiled_schema_bytes_max) {
    return failure(ErrorCode::schema, "compiled, the schema has " + std::to_string(encoded.size()) +
                                          " bytes, and at most " +
                                          std::to_string(compiled_schema_bytes_max) +
                                          " are allowed");
  }
  schema.hash = cryptography.hash({encoded});
  return schema;
}

}  // namespace rollcall
