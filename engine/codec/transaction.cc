#include "engine/codec/transaction.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/codec/cbor_reader.h"
#include "engine/codec/cbor_writer.h"
#include "engine/codec/limits.h"
#include "engine/codec/row_extra.h"

namespace rollcall {
namespace {

constexpr std::uint64_t key_number = 1;
constexpr std::uint64_t key_stamp = 2;
constexpr std::uint64_t key_cursor = 3;
constexpr std::uint64_t key_schema_version = 4;
constexpr std::uint64_t key_page = 5;

}  // namespace

void TransactionWriter::add(const RowWrite& row) {
  fields_.clear();
  cells_.clear();
  stamps_.clear();
  bases_.clear();
  extra_.clear();
  RowExtraWriter extra(extra_, ExtraUse::wire);
  for (const FieldWrite& write : row.fields) {
    fields_.push_back(write.field);
    cells_.push_back(write.has_value ? write.value : ValueView::null());
    if (!write.base.is_none()) stamps_.push_back({write.field, write.base});
    extra.add(write);
  }
  extra.finish();
  pack_stamps(stamps_, bases_);
  add(section(row.collection, row.insert, fields_), row.id, cells_, bases_, extra_);
}

Result<Bytes> TransactionWriter::finish(const TransactionHead& head) {
  if (rows() > transaction_rows_max) {
    const std::string count = std::to_string(rows());
    clear();
    return failure(ErrorCode::too_large, "a transaction of " + count + " rows; at most " +
                                             std::to_string(transaction_rows_max) +
                                             " go into one: make several");
  }
  const auto too_large = [this](std::size_t size, std::size_t size_max) {
    clear();
    return failure(ErrorCode::too_large, "a transaction of " + std::to_string(size) +
                                             " bytes; at most " + std::to_string(size_max) +
                                             " go into one: make several");
  };
  if (size_estimate() > transaction_unfolded_bytes_max) {
    return too_large(size_estimate(), transaction_unfolded_bytes_max);
  }
  ROLLCALL_CHECK(head.cursor.size() <= cursor_bytes_max);
  Bytes body;
  CborWriter out(body);
  out.map(5);
  out.unsigned_integer(key_number);
  out.unsigned_integer(head.number.value);
  out.unsigned_integer(key_stamp);
  out.bytes(head.stamp.bytes());
  out.unsigned_integer(key_cursor);
  out.bytes(head.cursor);
  out.unsigned_integer(key_schema_version);
  out.unsigned_integer(head.schema_version);
  out.unsigned_integer(key_page);
  ROLLCALL_TRY(page_.write_to(body));
  if (body.size() > transaction_bytes_max) return too_large(body.size(), transaction_bytes_max);
  return body;
}

Result<Bytes> with_device(BytesView body, DeviceNumber device) {
  CborReader in(body);
  ROLLCALL_TRY(in.map());
  ROLLCALL_TRY(in.unsigned_integer());
  ROLLCALL_TRY(in.unsigned_integer());
  ROLLCALL_TRY(in.unsigned_integer());
  ROLLCALL_TRY_ASSIGN(const BytesView stamp, in.bytes());
  if (stamp.size() != Stamp::size_bytes) {
    return failure(ErrorCode::malformed, "a transaction's stamp is not 12 bytes");
  }
  Stamp changed = Stamp::from_bytes(stamp);
  changed.device = device;
  Bytes again(body);
  again.replace(static_cast<std::size_t>(stamp.data() - body.data()), stamp.size(),
                changed.bytes());
  return again;
}

Result<void> TransactionReader::open(BytesView body) {
  head_ = {};  // its cursor was a view into the body before, which may be gone
  if (body.size() > transaction_bytes_max) {
    return failure(ErrorCode::too_large, "a transaction of " + std::to_string(body.size()) +
                                             " bytes; at most " +
                                             std::to_string(transaction_bytes_max) + " are taken");
  }
  CborReader in(body);
  ROLLCALL_TRY_ASSIGN(const std::size_t pairs, in.map());
  if (pairs != 5) return in.refuse(ErrorCode::malformed, "a transaction has five parts");
  const auto key = [&in](std::uint64_t expected) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const std::uint64_t found, in.unsigned_integer());
    if (found == expected) return {};
    return in.refuse(ErrorCode::malformed,
                     "a transaction without its part " + std::to_string(expected));
  };
  ROLLCALL_TRY(key(key_number));
  ROLLCALL_TRY_ASSIGN(head_.number.value, in.unsigned_integer());
  ROLLCALL_TRY(key(key_stamp));
  ROLLCALL_TRY_ASSIGN(const BytesView stamp, in.bytes());
  if (stamp.size() != Stamp::size_bytes) {
    return in.refuse(ErrorCode::wrong_type, "a stamp has 12 bytes");
  }
  head_.stamp = Stamp::from_bytes(stamp);
  ROLLCALL_TRY(key(key_cursor));
  ROLLCALL_TRY_ASSIGN(head_.cursor, in.bytes());
  if (head_.cursor.size() > cursor_bytes_max) {
    return in.refuse(ErrorCode::limit, "a cursor is too long");
  }
  ROLLCALL_TRY(key(key_schema_version));
  ROLLCALL_TRY_ASSIGN(const std::uint64_t version, in.unsigned_integer());
  if (version > 0xffff'ffff) return in.refuse(ErrorCode::bad_value, "no such schema version");
  head_.schema_version = static_cast<std::uint32_t>(version);
  if (head_.number.value == 0 || head_.stamp.is_none()) {
    return in.refuse(ErrorCode::bad_value, "a transaction without a number or a stamp");
  }
  ROLLCALL_TRY(key(key_page));
  ROLLCALL_TRY_ASSIGN(const BytesView page, in.raw());
  ROLLCALL_TRY(in.end());
  ROLLCALL_TRY(page_.open(page, PageUse::transaction));
  return check_rows_once();
}

Result<void> TransactionReader::check_rows_once() {
  // As a rule a collection has one section and its ids ascend: then there is nothing to sort.
  const auto sections = page_.sections();
  bool is_plain = true;
  for (std::size_t i = 0; i < sections.size() && is_plain; ++i) {
    const auto ids = page_.ids(i);
    is_plain = std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
    for (std::size_t k = 0; k < i && is_plain; ++k) {
      is_plain = sections[k].collection != sections[i].collection;
    }
  }
  if (is_plain) return {};
  std::vector<std::pair<CollectionId, RowId>> rows;
  rows.reserve(page_.rows());
  for (std::size_t i = 0; i < sections.size(); ++i) {
    for (const RowId& id : page_.ids(i)) rows.emplace_back(sections[i].collection, id);
  }
  std::sort(rows.begin(), rows.end());
  const auto twice = std::adjacent_find(rows.begin(), rows.end());
  if (twice == rows.end()) return {};
  return failure(ErrorCode::malformed, "a transaction writes row " + twice->second.text() +
                                           " twice; each row goes into it once");
}

bool TransactionReader::next(RowWrite& row) {
  SectionRow from;
  if (!page_.next(from)) return false;
  row.collection = from.section->collection;
  row.id = from.id;
  row.insert = from.section->kind == RowKind::insert;
  row.fields.resize(from.cells.size());
  // The page was checked as a whole when it was opened.
  ROLLCALL_CHECK(unpack_stamps(from.stamps, bases_).has_value());
  std::size_t base = 0;
  for (std::size_t i = 0; i < from.cells.size(); ++i) {
    FieldWrite& write = row.fields[i];
    write.field = from.section->fields[i];
    const bool has_base = base < bases_.size() && bases_[base].field == write.field;
    write.base = has_base ? bases_[base++].stamp : Stamp{};
    write.has_value = true;
    write.value = from.cells[i];
    write.generation = 0;
    write.adds.clear();
    write.removes.clear();
    write.closes.clear();
  }
  RowExtraReader extra(from.extra, ExtraUse::wire);
  for (std::size_t i = 0;;) {
    const auto field = extra.next();
    ROLLCALL_CHECK(field.has_value());
    if (!field->has_value()) return true;
    while (row.fields[i].field != **field) ++i;
    ROLLCALL_CHECK(extra.read(row.fields[i]).has_value());
  }
}

}  // namespace rollcall
