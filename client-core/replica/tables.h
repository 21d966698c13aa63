#pragma once

#include <map>
#include <memory>

#include "engine/base/result.h"
#include "engine/model/schema.h"
#include "engine/storage/replica_table.h"

namespace rollcall {

class Connection;

// The typed tables of the present schema, each opened when it is first used.
class Tables {
 public:
  Tables(Connection& connection, std::shared_ptr<const Schema> schema)
      : connection_(&connection), schema_(std::move(schema)) {}

  [[nodiscard]] const Schema& schema() const { return *schema_; }
  [[nodiscard]] const std::shared_ptr<const Schema>& shared_schema() const { return schema_; }
  // Null: the schema does not have the collection.
  Result<ReplicaTable*> find(CollectionId collection);
  // Another schema: statements of the old one are closed first.
  void change(std::shared_ptr<const Schema> schema);

 private:
  Connection* connection_;
  std::shared_ptr<const Schema> schema_;
  std::map<std::uint16_t, std::unique_ptr<ReplicaTable>> open_;
  ReplicaTable* last_ = nullptr;
};

}  // namespace rollcall
