#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/codec/page_reader.h"
#include "engine/codec/page_writer.h"
#include "engine/model/packed_stamps.h"
#include "engine/model/write.h"

namespace rollcall {

// A transaction's body: made once, at local commit; outbox, wire, hash chain and history hold
// exactly these bytes.
//
//   { 1: number, 2: stamp, 3: cursor, 4: schema version, 5: page }
struct TransactionHead {
  TxNumber number;
  Stamp stamp;
  BytesView cursor;  // of the last completed read; may be empty. When read: a view into the body
  std::uint32_t schema_version = 0;
};

class TransactionWriter {
 public:
  // The fast way: rows that write the same fields of one collection, cells by position in `fields`
  // (ascending). `bases` packed, of the fields that have one; `extra` by RowExtraWriter.
  std::size_t section(CollectionId collection, bool insert, std::span<const FieldId> fields) {
    return page_.section(collection, insert ? RowKind::insert : RowKind::update, fields);
  }
  void add(std::size_t section, const RowId& id, std::span<const ValueView> cells,
           BytesView bases = {}, BytesView extra = {}) {
    page_.add(section, {id, cells, bases, 0, extra});
  }
  // The general way.
  void add(const RowWrite& row);

  [[nodiscard]] std::size_t rows() const { return page_.rows(); }
  [[nodiscard]] std::size_t size_estimate() const { return page_.size_estimate(); }

  // The body, and the writer is empty again. `too_large` beyond a limit of a transaction, and then
  // the writer is empty too.
  Result<Bytes> finish(const TransactionHead& head);
  void clear() { page_.clear(); }

 private:
  PageWriter page_;
  std::vector<FieldId> fields_;
  std::vector<ValueView> cells_;
  std::vector<FieldStamp> stamps_;
  Bytes bases_;
  Bytes extra_;
};

// The same transaction under another number of its device: a fork's. Only the stamp's device is
// another; rows, bases and cursor keep their bytes.
Result<Bytes> with_device(BytesView body, DeviceNumber device);

// Reads a body. `open` checks all that PageReader checks, the limits of a transaction, and that no
// row appears twice. `body` must outlive the reading.
class TransactionReader {
 public:
  Result<void> open(BytesView body);

  [[nodiscard]] const TransactionHead& head() const { return head_; }
  [[nodiscard]] const PageReader& page() const { return page_; }
  // The next row as it lies in the page, or as a write; false after the last. Values are views, as
  // in SectionRow. `row` may be used again and keeps its memory.
  bool next(SectionRow& row) { return page_.next(row); }
  bool next(RowWrite& row);
  void rewind() { page_.rewind(); }

 private:
  Result<void> check_rows_once();

  TransactionHead head_;
  PageReader page_;
  std::vector<FieldStamp> bases_;
};

}  // namespace rollcall
