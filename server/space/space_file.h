#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/model/schema.h"
#include "engine/protocol/sealed.h"
#include "engine/storage/connection.h"

namespace rollcall {

// "RlcS": a space's file, as SQLite's `application_id` says.
inline constexpr std::uint32_t space_application_id = 0x526c6353;
inline constexpr std::uint32_t space_format_version = 4;

// What a space is, in its one row of `_space`.
struct SpaceHeader {
  std::string name;
  std::string title;
  Epoch epoch;
  SealKey seal_key;
  std::uint32_t schema_version = 0;
  Sequence horizon;  // a cursor before it cannot be read on from: compaction.h
  // How many devices were ever revoked, families counted once: it never falls. `told`: the greatest
  // such number that a device was told, by this file or by one that this is an older copy of.
  std::uint64_t revocations = 0;
  std::uint64_t revocations_told = 0;
};

// One group commit that took sequences; `_commits`. Commit 0 is the empty space.
struct CommitRecord {
  Sequence sequence;  // the greatest that it gave
  std::int64_t time_ms = 0;
  Bytes mark;  // Cursor::commit_mark_bytes random bytes
};

// A space's SQLite file and what it says of itself: name, epoch, keys, schema, commits. Every other
// table has a class of its own. The caller opens transactions.
class SpaceFile {
 public:
  // A new file, which gets its name when it is whole; `already_exists` when it is a space already.
  static Result<SpaceFile> create(const std::string& path, const std::string& vfs,
                                  const SpaceHeader& header, const Schema& schema,
                                  const CommitRecord& first);
  static Result<SpaceFile> open(const std::string& path, const std::string& vfs, Access access);

  [[nodiscard]] Connection& connection() { return connection_; }

  Result<SpaceHeader> header();
  Result<Bytes> schema();  // canonical CBOR
  Result<void> set_schema(std::uint32_t version, BytesView schema);
  Result<void> set_epoch(Epoch epoch);

  // SpaceHeader::revocations and `revocations_told`, as they are to be.
  Result<void> set_revocations(std::uint64_t counted, std::uint64_t told);

  Result<void> set_horizon(Sequence horizon);
  Result<CommitRecord> last_commit();
  // The greatest sequence of a commit that was made by then; 0: none was.
  Result<Sequence> last_sequence_before(std::int64_t time_ms);
  Result<std::optional<CommitRecord>> commit(Sequence sequence);
  Result<void> add_commit(const CommitRecord& commit);

 private:
  static Result<SpaceFile> make(const std::string& path, const std::string& vfs,
                                const SpaceHeader& header, const Schema& schema,
                                const CommitRecord& first);
  explicit SpaceFile(Connection connection) : connection_(std::move(connection)) {}
  static Result<SpaceFile> prepared(Connection connection);

  Connection connection_;
  Statement select_header_;
  Statement select_schema_;
  Statement select_last_;
  Statement select_commit_;
};

}  // namespace rollcall
