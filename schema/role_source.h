#pragma once

#include <vector>

#include "engine/base/result.h"
#include "engine/model/schema.h"
#include "schema/compiler.h"
#include "schema/json_document.h"

namespace rollcall {

// A role of a schema file, with the places of what it is made of.
struct RoleSource {
  RoleDef role;
  const JsonNode* node = nullptr;
  std::vector<const JsonNode*> rights_nodes;  // by place in role.collections
};

// The roles of a file that begins with "roles". `schema` has its collections already.
Result<std::vector<RoleSource>> read_roles(const SchemaSource& source, const JsonNode& root,
                                           const Schema& schema);

}  // namespace rollcall
