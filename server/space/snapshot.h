#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/clock/clock.h"
#include "engine/protocol/sealed.h"
#include "engine/storage/server_table.h"
#include "engine/storage/transaction.h"
#include "server/space/device_table.h"
#include "server/space/digest_book.h"
#include "server/space/path_names.h"
#include "server/space/space_file.h"
#include "server/space/space_roles.h"
#include "server/space/transaction_log.h"

namespace rollcall {

// One collection as readers walk it.
struct ReadTable {
  ServerTable rows;
  Statement changed;  // (last, key): rows after that place, in the tail's order
  Statement at_path;  // (path, collection, id): rows that lie there, after that id, by id
  std::vector<FieldId> fields;
};

// One moment of a space, and what it takes to read from it. Reading classes borrow it; it is held
// by one reader and used by one thread.
class Snapshot {
 public:
  static Result<std::unique_ptr<Snapshot>> open(SpaceFile file, const Cryptography& cryptography,
                                                Random& random, const Clock& clock,
                                                std::shared_ptr<DigestBook> book);

  // Takes a snapshot of now.
  Result<void> begin();
  void end() { transaction_.reset(); }
  [[nodiscard]] bool is_open() const { return transaction_.has_value(); }

  // Of the snapshot:
  [[nodiscard]] const SpaceHeader& header() const { return header_; }
  [[nodiscard]] const CommitRecord& head() const { return head_; }
  [[nodiscard]] const std::shared_ptr<const Schema>& schema() const { return schema_; }
  [[nodiscard]] const Sealer& sealer() const { return *sealer_; }
  [[nodiscard]] std::int64_t server_ms() const;
  // A cursor that stands at the head, sealed.
  [[nodiscard]] Bytes cursor() const;
  // Ascending by collection.
  std::map<CollectionId, ReadTable>& tables() { return tables_; }

  SpaceFile& file() { return file_; }
  DeviceTable& devices() { return *devices_; }
  TransactionLog& log() { return *log_; }
  PathNames& paths() { return *paths_; }

  // The roles of `schema`.
  SpaceRoles& roles() { return *roles_; }

  // The digest of everything under a prefix (nothing: of the whole space), from the book or by a
  // scan.
  Result<Digest> digest(const std::optional<std::string>& prefix);
  // Of a grant under its own view, if the book knows it or wants it summed up now: however many
  // readers ask, one scans, and what it finds is kept.
  Result<std::optional<Digest>> known_digest(const GrantRecord& grant);
  // Entries under the grant that its role shows, for a progress bar.
  Result<std::uint64_t> count_entries(const GrantRecord& grant);

 private:
  Snapshot(SpaceFile file, const Cryptography& cryptography, Random& random, const Clock& clock,
           std::shared_ptr<DigestBook> book);
  Result<void> read_schema();
  Result<std::optional<Digest>> known_digest(const std::string& prefix,
                                             const SpaceRoles::DigestView& view);
  Result<Digest> scan(std::string_view prefix, const SpaceRoles::DigestView& view);

  SpaceFile file_;
  const Cryptography& cryptography_;
  Random& random_;
  const Clock& clock_;
  std::shared_ptr<DigestBook> book_;
  std::optional<DeviceTable> devices_;
  std::optional<TransactionLog> log_;
  std::optional<PathNames> paths_;
  std::shared_ptr<const Schema> schema_;
  std::unique_ptr<SpaceRoles> roles_;         // of schema_
  std::map<CollectionId, ReadTable> tables_;  // of schema_
  std::optional<Sealer> sealer_;
  SpaceHeader header_;
  CommitRecord head_;
  std::optional<Transaction> transaction_;
};

}  // namespace rollcall
