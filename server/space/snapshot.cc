#include "server/space/snapshot.h"

#include <algorithm>
#include <utility>

#include "schema/compiled.h"
#include "server/space/entry_scan.h"

namespace rollcall {

Snapshot::Snapshot(SpaceFile file, const Cryptography& cryptography, Random& random,
                   const Clock& clock, std::shared_ptr<DigestBook> book)
    : file_(std::move(file)),
      cryptography_(cryptography),
      random_(random),
      clock_(clock),
      book_(std::move(book)) {}

Result<std::unique_ptr<Snapshot>> Snapshot::open(SpaceFile file, const Cryptography& cryptography,
                                                 Random& random, const Clock& clock,
                                                 std::shared_ptr<DigestBook> book) {
  std::unique_ptr<Snapshot> snapshot(
      new Snapshot(std::move(file), cryptography, random, clock, std::move(book)));
  Connection& connection = snapshot->file_.connection();
  ROLLCALL_TRY_ASSIGN(DeviceTable devices, DeviceTable::open(connection));
  snapshot->devices_.emplace(std::move(devices));
  ROLLCALL_TRY_ASSIGN(TransactionLog log, TransactionLog::open(connection));
  snapshot->log_.emplace(std::move(log));
  ROLLCALL_TRY_ASSIGN(PathNames paths, PathNames::open(connection));
  snapshot->paths_.emplace(std::move(paths));
  return snapshot;
}

Result<void> Snapshot::begin() {
  transaction_.reset();
  ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::read(file_.connection()));
  ROLLCALL_TRY_ASSIGN(header_, file_.header());
  ROLLCALL_TRY_ASSIGN(head_, file_.last_commit());
  sealer_.emplace(cryptography_, header_.seal_key, random_);
  if (!schema_ || schema_->version != header_.schema_version) ROLLCALL_TRY(read_schema());
  transaction_.emplace(std::move(transaction));
  return {};
}

Result<void> Snapshot::read_schema() {
  ROLLCALL_TRY_ASSIGN(const Bytes compiled, file_.schema());
  ROLLCALL_TRY_ASSIGN(Schema decoded, decode_schema(compiled, cryptography_));
  // Taken over only when all of it is there: a reader that lacked a table would pass its rows.
  auto schema = std::make_shared<const Schema>(std::move(decoded));
  decltype(tables_) tables;
  Connection& connection = file_.connection();
  for (const CollectionDef& collection : schema->collections) {
    ROLLCALL_TRY_ASSIGN(ServerTable rows, ServerTable::open(connection, collection));
    ROLLCALL_TRY_ASSIGN(Statement changed,
                        connection.prepare(rows.select("WHERE (r._last, r._key) > (?1, ?2) "
                                                       "ORDER BY r._last, r._key")));
    ROLLCALL_TRY_ASSIGN(
        Statement at_path,
        connection.prepare(rows.select("JOIN _index AS i ON r._key = i.key WHERE i.path = ?1 "
                                       "AND i.collection = ?2 AND i.id > ?3 ORDER BY i.id")));
    ReadTable table{std::move(rows), std::move(changed), std::move(at_path), {}};
    for (const FieldDef& field : collection.fields) table.fields.push_back(field.id);
    tables.emplace(collection.id, std::move(table));
  }
  roles_ = std::make_unique<SpaceRoles>(*schema);
  tables_ = std::move(tables);
  schema_ = std::move(schema);
  return {};
}

std::int64_t Snapshot::server_ms() const { return std::max(clock_.utc_ms(), head_.time_ms); }

Bytes Snapshot::cursor() const {
  return sealer_->seal(
      Cursor{header_.epoch, head_.sequence, head_.time_ms, head_.mark, header_.revocations});
}

Result<Digest> Snapshot::digest(const std::optional<std::string>& prefix) {
  const SpaceRoles::DigestView& whole = roles_->digest_views().front();
  if (!prefix || !book_) return scan(prefix.value_or(""), whole);
  ROLLCALL_TRY_ASSIGN(const std::optional<Digest> known, known_digest(*prefix, whole));
  if (known) return *known;
  return scan(*prefix, whole);
}

Result<std::optional<Digest>> Snapshot::known_digest(const GrantRecord& grant) {
  const std::size_t view = roles_->digest_view(grant.role);
  if (view == SpaceRoles::no_view) return std::optional<Digest>(Digest{});
  return known_digest(grant.path, roles_->digest_views()[view]);
}

Result<std::optional<Digest>> Snapshot::known_digest(const std::string& prefix,
                                                     const SpaceRoles::DigestView& view) {
  if (!book_) {
    ROLLCALL_TRY_ASSIGN(const Digest sum, scan(prefix, view));
    return std::optional<Digest>(sum);
  }
  const std::string key = view.key(prefix);
  std::optional<Digest> known = book_->sum(key, head_.sequence);
  if (known || !book_->begin_scan(key, head_.sequence)) return known;
  const auto sum = scan(prefix, view);
  if (sum) known = *sum;
  book_->end_scan(key, known);
  if (!sum) return sum.error();
  return known;
}

Result<Digest> Snapshot::scan(std::string_view prefix, const SpaceRoles::DigestView& view) {
  EntryScan scan(*this, prefix,
                 view.is_whole() ? std::nullopt : std::optional<RoleBits>(view.role));
  ROLLCALL_TRY(scan.start({}, {}));
  Digest sum;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, scan.next());
    if (!more) return sum;
    ROLLCALL_TRY_ASSIGN(const Digest digest, scan.digest());
    sum += digest;
  }
}

Result<std::uint64_t> Snapshot::count_entries(const GrantRecord& grant) {
  const std::string first = grant.path + "/";
  const std::string behind = grant.path + "0";
  ROLLCALL_TRY_ASSIGN(
      Statement count,
      file_.connection().cached(
          "SELECT count(*) FROM _index WHERE path IN (SELECT id FROM _path WHERE path = ?1 OR "
          "(path > ?2 AND path < ?3))" +
          EntryScan::shown_filter(*this, roles_->book().bit(grant.role))));
  count.bind_text(1, grant.path);
  count.bind_text(2, first);
  count.bind_text(3, behind);
  ROLLCALL_TRY(count.step());
  return static_cast<std::uint64_t>(count.integer(0));
}

}  // namespace rollcall
