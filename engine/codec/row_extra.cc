#include "engine/codec/row_extra.h"

#include <string>

#include "engine/codec/cbor_writer.h"
#include "engine/model/limits.h"

namespace rollcall {
namespace {

// A row's or a write's list beyond this many items is nothing that a schema allows.
constexpr std::size_t list_max = std::size_t{set_elements_max} * 2;

void write_element(CborWriter& out, const SetElement& element) {
  out.array(2);
  out.value(element.value);
  out.bytes(element.stamp.bytes());
}

Result<Stamp> read_stamp(CborReader& in) {
  ROLLCALL_TRY_ASSIGN(const BytesView bytes, in.bytes());
  if (bytes.size() != Stamp::size_bytes) {
    return in.refuse(ErrorCode::wrong_type, "a stamp has 12 bytes");
  }
  return Stamp::from_bytes(bytes);
}

Result<std::uint32_t> read_generation(CborReader& in) {
  ROLLCALL_TRY_ASSIGN(const std::uint64_t generation, in.unsigned_integer());
  if (generation > 0xffff'ffff) return in.refuse(ErrorCode::bad_value, "a generation is too great");
  return static_cast<std::uint32_t>(generation);
}

Result<void> expect_items(CborReader& in, std::size_t count) {
  ROLLCALL_TRY_ASSIGN(const std::size_t items, in.array());
  if (items != count) {
    return in.refuse(ErrorCode::malformed, "expected a list of " + std::to_string(count));
  }
  return {};
}

Result<std::size_t> read_list(CborReader& in, std::size_t items_max) {
  ROLLCALL_TRY_ASSIGN(const std::size_t items, in.array());
  if (items > items_max) return in.refuse(ErrorCode::limit, "a list of a field is too long");
  return items;
}

Result<void> read_elements(CborReader& in, std::vector<SetElement>& out) {
  out.clear();
  ROLLCALL_TRY_ASSIGN(const std::size_t count, read_list(in, list_max));
  for (std::size_t i = 0; i < count; ++i) {
    ROLLCALL_TRY(expect_items(in, 2));
    ROLLCALL_TRY_ASSIGN(const ValueView value, in.value());
    ROLLCALL_TRY_ASSIGN(const Stamp stamp, read_stamp(in));
    out.push_back({Value(value), stamp});
  }
  return {};
}

Result<void> read_losers(CborReader& in, std::vector<Loser>& out) {
  out.clear();
  ROLLCALL_TRY_ASSIGN(const std::size_t count, read_list(in, open_losers_max));
  for (std::size_t i = 0; i < count; ++i) {
    ROLLCALL_TRY(expect_items(in, 3));
    ROLLCALL_TRY_ASSIGN(const ValueView value, in.value());
    ROLLCALL_TRY_ASSIGN(const std::uint32_t generation, read_generation(in));
    ROLLCALL_TRY_ASSIGN(const Stamp writer, read_stamp(in));
    if (i > 0 && writer <= out.back().writer) {
      return in.refuse(ErrorCode::not_canonical, "losers do not ascend by writer");
    }
    out.push_back({Value(value), generation, writer});
  }
  return {};
}

Result<void> read_agreeing(CborReader& in, std::vector<Stamp>& out) {
  ROLLCALL_TRY_ASSIGN(const std::size_t count, read_list(in, open_losers_max));
  if (count == 0) {
    return in.refuse(ErrorCode::not_canonical, "an empty list of agreeing writes is left out");
  }
  for (std::size_t i = 0; i < count; ++i) {
    ROLLCALL_TRY_ASSIGN(const Stamp writer, read_stamp(in));
    if (i > 0 && writer <= out.back()) {
      return in.refuse(ErrorCode::not_canonical, "agreeing writes do not ascend");
    }
    out.push_back(writer);
  }
  return {};
}

// Elements ascend by value and appear once; removals ascend by value and stamp.
Result<void> check_order(CborReader& in, const std::vector<SetElement>& list, bool is_present) {
  for (std::size_t i = 1; i < list.size(); ++i) {
    const SetElement& a = list[i - 1];
    const SetElement& b = list[i];
    const bool ascends =
        a.value < b.value || (!is_present && a.value == b.value && a.stamp < b.stamp);
    if (!ascends) return in.refuse(ErrorCode::not_canonical, "a set's elements do not ascend");
  }
  return {};
}

}  // namespace

bool is_plain(const FieldWrite& write) {
  return write.has_value && write.generation == 0 && write.adds.empty() && write.removes.empty() &&
         write.closes.empty();
}

void RowExtraWriter::add(FieldId field, const FieldState& state) {
  const bool has_agreeing = use_ == ExtraUse::server && !state.agreeing.empty();
  const bool has_removals = has_agreeing || (use_ == ExtraUse::server && !state.removals.empty());
  if (state.generation == 0 && state.elements.empty() && state.losers.empty() && !has_removals) {
    return;
  }
  ++count_;
  CborWriter out(fields_);
  out.unsigned_integer(field.value);
  out.array(has_agreeing ? 5 : has_removals ? 4 : 3);
  out.unsigned_integer(state.generation);
  out.array(state.elements.size());
  for (const SetElement& element : state.elements) write_element(out, element);
  out.array(state.losers.size());
  for (const Loser& loser : state.losers) {
    out.array(3);
    out.value(loser.value);
    out.unsigned_integer(loser.generation);
    out.bytes(loser.writer.bytes());
  }
  if (!has_removals) return;
  out.array(state.removals.size());
  for (const SetElement& removal : state.removals) write_element(out, removal);
  if (!has_agreeing) return;
  out.array(state.agreeing.size());
  for (const Stamp writer : state.agreeing) out.bytes(writer.bytes());
}

void RowExtraWriter::add(const FieldWrite& write) {
  if (is_plain(write)) return;
  ++count_;
  CborWriter out(fields_);
  out.unsigned_integer(write.field.value);
  out.array(5);
  out.boolean(write.has_value);
  out.unsigned_integer(write.generation);
  out.array(write.adds.size());
  for (const Value& element : write.adds) out.value(element);
  out.array(write.removes.size());
  for (const SetRemoval& removal : write.removes) {
    out.array(2);
    out.value(removal.element);
    if (removal.add.is_none()) {
      out.unsigned_integer(removal.own.value);
    } else {
      out.bytes(removal.add.bytes());
    }
  }
  out.array(write.closes.size());
  for (const Stamp& close : write.closes) out.bytes(close.bytes());
}

void RowExtraWriter::finish() {
  if (count_ > 0) {
    CborWriter(out_).map(count_);
    out_.append(fields_);
  }
  fields_.clear();
  count_ = 0;
}

Result<std::optional<FieldId>> RowExtraReader::next() {
  if (!opened_) {
    opened_ = true;
    if (reader_.at_end()) return std::optional<FieldId>();
    ROLLCALL_TRY_ASSIGN(left_, reader_.map());
    if (left_ == 0) return reader_.refuse(ErrorCode::not_canonical, "an empty extra is left out");
  }
  if (left_ == 0) {
    ROLLCALL_TRY(reader_.end());
    return std::optional<FieldId>();
  }
  --left_;
  ROLLCALL_TRY_ASSIGN(const std::uint64_t field, reader_.unsigned_integer());
  if (field > field_id_max) return reader_.refuse(ErrorCode::limit, "no such field id");
  return std::optional<FieldId>(FieldId(static_cast<std::uint16_t>(field)));
}

Result<void> RowExtraReader::read(FieldState& state) {
  ROLLCALL_TRY_ASSIGN(const std::size_t items, reader_.array());
  const bool has_agreeing = use_ == ExtraUse::server && items == 5;
  const bool has_removals = has_agreeing || (use_ == ExtraUse::server && items == 4);
  if (items != 3 && !has_removals) {
    return reader_.refuse(ErrorCode::malformed, "a field's extra has too few or too many items");
  }
  ROLLCALL_TRY_ASSIGN(state.generation, read_generation(reader_));
  ROLLCALL_TRY(read_elements(reader_, state.elements));
  ROLLCALL_TRY(check_order(reader_, state.elements, true));
  ROLLCALL_TRY(read_losers(reader_, state.losers));
  state.removals.clear();
  state.agreeing.clear();
  if (has_removals) {
    ROLLCALL_TRY(read_elements(reader_, state.removals));
    ROLLCALL_TRY(check_order(reader_, state.removals, false));
    if (state.removals.empty() && !has_agreeing) {
      return reader_.refuse(ErrorCode::not_canonical, "an empty list of removals is left out");
    }
  }
  if (has_agreeing) ROLLCALL_TRY(read_agreeing(reader_, state.agreeing));
  if (!state.has_extra()) {
    return reader_.refuse(ErrorCode::not_canonical, "a field's extra that says nothing");
  }
  return {};
}

Result<void> RowExtraReader::read(FieldWrite& write) {
  write.adds.clear();
  write.removes.clear();
  write.closes.clear();
  ROLLCALL_TRY(expect_items(reader_, 5));
  ROLLCALL_TRY_ASSIGN(write.has_value, reader_.boolean());
  ROLLCALL_TRY_ASSIGN(write.generation, read_generation(reader_));
  ROLLCALL_TRY_ASSIGN(const std::size_t adds, read_list(reader_, list_max));
  for (std::size_t i = 0; i < adds; ++i) {
    ROLLCALL_TRY_ASSIGN(const ValueView value, reader_.value());
    write.adds.push_back(Value(value));
  }
  ROLLCALL_TRY_ASSIGN(const std::size_t removes, read_list(reader_, list_max));
  for (std::size_t i = 0; i < removes; ++i) {
    ROLLCALL_TRY(expect_items(reader_, 2));
    SetRemoval removal;
    ROLLCALL_TRY_ASSIGN(const ValueView element, reader_.value());
    removal.element = Value(element);
    ROLLCALL_TRY_ASSIGN(const CborType type, reader_.peek());
    if (type == CborType::bytes) {
      ROLLCALL_TRY_ASSIGN(removal.add, read_stamp(reader_));
    } else {
      ROLLCALL_TRY_ASSIGN(removal.own.value, reader_.unsigned_integer());
    }
    if (removal.add.is_none() && removal.own.value == 0) {
      return reader_.refuse(ErrorCode::bad_value, "a removal that names no add");
    }
    write.removes.push_back(std::move(removal));
  }
  ROLLCALL_TRY_ASSIGN(const std::size_t closes, read_list(reader_, open_losers_max));
  for (std::size_t i = 0; i < closes; ++i) {
    ROLLCALL_TRY_ASSIGN(const Stamp close, read_stamp(reader_));
    write.closes.push_back(close);
  }
  if (is_plain(write)) {
    return reader_.refuse(ErrorCode::not_canonical, "a field's extra that says nothing");
  }
  return {};
}

}  // namespace rollcall
