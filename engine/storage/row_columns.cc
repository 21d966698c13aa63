#include "engine/storage/row_columns.h"

#include <array>

#include "engine/base/check.h"
#include "engine/base/row_id.h"

namespace rollcall {
namespace {

void append_json_text(BytesView text, std::string& out) {
  constexpr std::string_view hex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_json(FieldType type, const ValueView& value, std::string& out) {
  switch (value.kind) {
    case ValueKind::null: out += "null"; return;
    case ValueKind::boolean: out += value.integer != 0 ? "true" : "false"; return;
    case ValueKind::integer: out += std::to_string(value.integer); return;
    case ValueKind::text: return append_json_text(value.bytes, out);
    case ValueKind::bytes:
      if (type == FieldType::id && value.bytes.size() == RowId::size_bytes) {
        return append_json_text(RowId::from_bytes(value.bytes).text(), out);
      }
      return append_json_text(to_base64(value.bytes), out);
  }
}

Error corrupt_column(const CollectionDef& collection, const FieldDef& field, ValueKind found) {
  return failure(ErrorCode::corrupt, "_" + collection.name + "." + field.name + " holds " +
                                         std::string(kind_name(found)) + " where " +
                                         std::string(kind_name(kind_of(field.type))) +
                                         " is due; somebody changed the file by hand");
}

Error unknown_packed_field(const CollectionDef& collection, FieldId field, std::string_view where) {
  return failure(ErrorCode::corrupt, "_" + collection.name + "." + std::string(where) +
                                         " names field " + std::to_string(field.value) +
                                         ", which this schema does not have");
}

}  // namespace

std::string RowColumns::list(std::string_view table_alias) const {
  std::string out;
  for (const FieldDef& field : collection_->fields) {
    if (!out.empty()) out += ", ";
    out.append(table_alias).append(".\"").append(field.name).append("\"");
  }
  return out;
}

Result<void> RowColumns::read_cells(const Statement& from, int first,
                                    std::span<ValueView> cells) const {
  ROLLCALL_CHECK(cells.size() == size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const FieldDef& field = collection_->fields[i];
    ValueView value;
    if (field.rule != MergeRule::set) value = from.value(first + static_cast<int>(i));
    if (!value.is_null()) {
      const ValueKind due = kind_of(field.type);
      if (due == ValueKind::boolean && value.kind == ValueKind::integer) {
        value = ValueView::of_boolean(value.integer != 0);
      }
      if (value.kind != due) [[unlikely]]
        return corrupt_column(*collection_, field, value.kind);
    }
    cells[i] = value;
  }
  return {};
}

Result<void> RowColumns::unpack(std::span<const ValueView> cells, BytesView stamps, BytesView extra,
                                RowState& out) const {
  ROLLCALL_CHECK(cells.size() == size());
  out.fields.assign(size(), FieldState{});
  ROLLCALL_TRY(unpack_stamps(stamps, stamps_));
  for (const FieldStamp& item : stamps_) {
    const auto position = collection_->position(item.field);
    if (!position) return unknown_packed_field(*collection_, item.field, "_stamps");
    FieldState& field = out.fields[*position];
    field.stamp = item.stamp;
    field.value = Value(cells[*position]);
  }
  if (extra.empty()) return {};
  RowExtraReader reader(extra, use_);
  while (true) {
    ROLLCALL_TRY_ASSIGN(const std::optional<FieldId> field, reader.next());
    if (!field) return {};
    const auto position = collection_->position(*field);
    if (!position) return unknown_packed_field(*collection_, *field, "_extra");
    ROLLCALL_TRY(reader.read(out.fields[*position]));
  }
}

void RowColumns::pack(const RowState& row, Bytes& stamps, Bytes& extra) const {
  ROLLCALL_CHECK(row.fields.size() == size());
  stamps.clear();
  extra.clear();
  stamps_.clear();
  RowExtraWriter writer(extra, use_);
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    const FieldState& field = row.fields[i];
    const FieldId id = collection_->fields[i].id;
    if (!field.stamp.is_none()) stamps_.push_back({id, field.stamp});
    if (field.has_extra()) writer.add(id, field);
  }
  writer.finish();
  pack_stamps(stamps_, stamps);
}

ValueView RowColumns::cell(const RowState& row, std::size_t position, std::string& set_text) const {
  const FieldState& field = row.fields[position];
  const FieldDef& def = collection_->fields[position];
  if (position == 0) return ValueView::of_integer(row.is_deleted() ? 1 : 0);
  if (field.stamp.is_none()) return ValueView::null();
  if (def.rule != MergeRule::set) return field.value.view();
  set_as_json(def.type, field.elements, set_text);
  return ValueView::of_text(set_text);
}

void set_as_json(FieldType type, std::span<const SetElement> elements, std::string& out) {
  out = "[";
  for (const SetElement& element : elements) {
    if (out.size() > 1) out.push_back(',');
    append_json(type, element.value, out);
  }
  out.push_back(']');
}

}  // namespace rollcall
