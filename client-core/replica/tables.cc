#include "client-core/replica/tables.h"

#include "engine/storage/connection.h"

namespace rollcall {

Result<ReplicaTable*> Tables::find(CollectionId collection) {
  if (last_ != nullptr && last_->collection().id == collection) return last_;
  if (const auto found = open_.find(collection.value); found != open_.end()) {
    last_ = found->second.get();
    return last_;
  }
  const CollectionDef* def = schema_->find(collection);
  if (def == nullptr) return static_cast<ReplicaTable*>(nullptr);
  ROLLCALL_TRY_ASSIGN(ReplicaTable table, ReplicaTable::open(*connection_, *def));
  last_ = open_.emplace(collection.value, std::make_unique<ReplicaTable>(std::move(table)))
              .first->second.get();
  return last_;
}

void Tables::change(std::shared_ptr<const Schema> schema) {
  last_ = nullptr;
  open_.clear();
  schema_ = std::move(schema);
}

}  // namespace rollcall
