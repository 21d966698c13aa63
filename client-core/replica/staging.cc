#include "client-core/replica/staging.h"

#include "client-core/replica/boundary.h"
#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> Staging::create_statements() {
  return {
      "CREATE TABLE _staged(place INTEGER PRIMARY KEY, kind INTEGER NOT NULL, grant_id INTEGER NOT "
      "NULL, after BLOB NOT NULL, through BLOB NOT NULL, page BLOB NOT NULL)"};
}

Result<void> Staging::reload() {
  ROLLCALL_TRY_ASSIGN(Statement count,
                      connection_->cached("SELECT count(*) FILTER (WHERE kind < 2), count(*) "
                                          "FILTER (WHERE kind = 2) FROM _staged"));
  ROLLCALL_TRY_ASSIGN(const bool found, count.step());
  ranges_ = static_cast<std::uint64_t>(found ? count.integer(0) : 0);
  tail_ = static_cast<std::uint64_t>(found ? count.integer(1) : 0);
  count.reset();
  return {};
}

Result<void> Staging::add(const Page& page) {
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT INTO _staged(kind, grant_id, after, through, "
                                          "page) VALUES(?, ?, ?, ?, ?)"));
  const Bytes after = encode_boundary(page.after);
  const Bytes through = encode_boundary(page.through);
  insert.bind_integer(1, static_cast<std::int64_t>(page.kind));
  insert.bind_integer(2, static_cast<std::int64_t>(page.grant.value));
  insert.bind_bytes(3, after);
  insert.bind_bytes(4, through);
  insert.bind_bytes(5, page.page);
  ROLLCALL_TRY(insert.run());
  ++(page.kind == Kind::tail ? tail_ : ranges_);
  return {};
}

Result<void> Staging::each(const std::function<Result<void>(const Page&)>& each) {
  if (ranges_ + tail_ == 0) return {};
  ROLLCALL_TRY_ASSIGN(Statement list,
                      connection_->cached("SELECT kind, grant_id, after, through, page FROM "
                                          "_staged ORDER BY kind = 2, place"));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return {};
    Page page;
    page.kind = static_cast<Kind>(list.integer(0));
    page.grant = GrantId(static_cast<std::uint64_t>(list.integer(1)));
    ROLLCALL_TRY_ASSIGN(page.after, decode_boundary(list.bytes(2)));
    ROLLCALL_TRY_ASSIGN(page.through, decode_boundary(list.bytes(3)));
    page.page = list.bytes(4);
    if (auto done = each(page); !done) {
      list.reset();
      return std::move(done).error();
    }
  }
}

Result<void> Staging::drop_tail() {
  if (tail_ == 0) return {};
  ROLLCALL_TRY(connection_->execute("DELETE FROM _staged WHERE kind = 2"));
  tail_ = 0;
  return {};
}

Result<void> Staging::drop_grant(GrantId grant) {
  if (ranges_ == 0) return {};
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _staged WHERE kind < 2 AND grant_id = ?"));
  erase.bind_integer(1, static_cast<std::int64_t>(grant.value));
  ROLLCALL_TRY(erase.run());
  return reload();
}

Result<void> Staging::clear() {
  if (ranges_ + tail_ == 0) return {};
  ROLLCALL_TRY(connection_->execute("DELETE FROM _staged"));
  ranges_ = tail_ = 0;
  return {};
}

}  // namespace rollcall
