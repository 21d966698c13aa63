#include "engine/model/path.h"

#include <algorithm>

#include "engine/model/limits.h"

namespace rollcall {
namespace {

bool is_path_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '~' ||
         c == ':' || c == '-';
}

Error bad_path(std::string_view path, std::string_view why) {
  return failure(ErrorCode::bad_value,
                 "\"" + std::string(path.substr(0, 80)) + "\" is not a path: " + std::string(why));
}

// A value as a path writes it; `at` receives it behind what is there already.
Result<void> append_value(ValueView value, std::string& at) {
  switch (value.kind) {
    case ValueKind::text: at.append(value.bytes); return {};
    case ValueKind::integer: at.append(std::to_string(value.integer)); return {};
    case ValueKind::boolean: at.append(value.integer != 0 ? "true" : "false"); return {};
    case ValueKind::bytes:
      if (value.bytes.size() != RowId::size_bytes) break;
      at.append(RowId::from_bytes(value.bytes).text());
      return {};
    case ValueKind::null: break;
  }
  return failure(ErrorCode::bad_value, "a path can not be made of bytes that are not an id");
}

bool has_text(ValueView value, std::string_view text) {
  if (value.kind == ValueKind::text) return value.bytes == text;
  std::string written;
  return !value.is_null() && append_value(value, written) && written == text;
}

// The row's values by position: one for a plain field, any number for a set.
class StateValues {
 public:
  StateValues(const CollectionDef& collection, const RowState& row)
      : collection_(collection), row_(row) {}
  [[nodiscard]] std::size_t count(std::size_t position) const {
    if (position >= row_.fields.size()) return 0;
    const FieldState& field = row_.fields[position];
    if (collection_.fields[position].rule == MergeRule::set) return field.elements.size();
    return field.value.is_null() ? 0 : 1;
  }
  [[nodiscard]] ValueView at(std::size_t position, std::size_t i) const {
    const FieldState& field = row_.fields[position];
    if (collection_.fields[position].rule == MergeRule::set) return field.elements[i].value;
    return field.value;
  }

 private:
  const CollectionDef& collection_;
  const RowState& row_;
};

class PlainValues {
 public:
  explicit PlainValues(const std::function<ValueView(std::size_t)>& value) : value_(value) {}
  [[nodiscard]] std::size_t count(std::size_t position) const {
    return value_(position).is_null() ? 0 : 1;
  }
  [[nodiscard]] ValueView at(std::size_t position, std::size_t) const { return value_(position); }

 private:
  const std::function<ValueView(std::size_t)>& value_;
};

// Collects paths into strings that are there already: a batch of inserts allocates once.
class PathList {
 public:
  explicit PathList(std::vector<std::string>& out) : out_(out) {}
  std::string& add() {
    if (count_ == out_.size()) out_.emplace_back();
    out_[count_].clear();
    return out_[count_++];
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  std::string& operator[](std::size_t i) { return out_[i]; }
  void drop_from(std::size_t first) { count_ = first; }
  // Sorted, each once.
  void end() {
    out_.resize(count_);
    if (count_ < 2) return;
    std::sort(out_.begin(), out_.end());
    out_.erase(std::unique(out_.begin(), out_.end()), out_.end());
  }

 private:
  std::vector<std::string>& out_;
  std::size_t count_ = 0;
};

template <class Values>
bool applies(const CollectionDef& collection, const PathTemplate& shape, const Values& values) {
  if (!shape.when_field) return true;
  const auto position = collection.position(*shape.when_field);
  if (!position) return false;
  for (std::size_t i = 0; i < values.count(*position); ++i) {
    if (has_text(values.at(*position, i), shape.when_value)) return true;
  }
  return false;
}

// Appends what one template gives. Each path from `first` on is a beginning that every part
// lengthens; a set of n elements makes n of each.
template <class Values>
Result<void> add_paths(const CollectionDef& collection, const PathTemplate& shape, const RowId& id,
                       const Values& values, PathList& paths) {
  const std::size_t first = paths.count();
  paths.add();
  for (const PathTemplate::Part& part : shape.parts) {
    if (part.row_id || !part.field) {
      const std::string text = part.row_id ? id.text() : std::string();
      for (std::size_t i = first; i < paths.count(); ++i) {
        paths[i].append(part.row_id ? std::string_view(text) : std::string_view(part.literal));
      }
      continue;
    }
    const auto position = collection.position(*part.field);
    const std::size_t choices = position ? values.count(*position) : 0;
    if (choices == 0) {
      paths.drop_from(first);
      return {};
    }
    const std::size_t begun = paths.count() - first;
    if (first + begun * choices > row_paths_max) {
      return failure(ErrorCode::limit, "a row of " + collection.name + " would have more than " +
                                           std::to_string(row_paths_max) + " paths");
    }
    for (std::size_t choice = 1; choice < choices; ++choice) {
      for (std::size_t i = 0; i < begun; ++i) {
        std::string& longer = paths.add();
        longer.append(paths[first + i]);
        ROLLCALL_TRY(append_value(values.at(*position, choice), longer));
      }
    }
    for (std::size_t i = first; i < first + begun; ++i) {
      ROLLCALL_TRY(append_value(values.at(*position, 0), paths[i]));
    }
  }
  for (std::size_t i = first; i < paths.count(); ++i) {
    if (paths[i].size() > path_bytes_max) {
      return failure(ErrorCode::too_long, "a path of a row of " + collection.name +
                                              " would be longer than " +
                                              std::to_string(path_bytes_max) + " bytes");
    }
    ROLLCALL_TRY(check_path(paths[i]));
  }
  return {};
}

template <class Values>
Result<void> collect(const CollectionDef& collection, const RowId& id, const Values& values,
                     std::vector<std::string>& out) {
  PathList paths(out);
  for (const PathTemplate& shape : collection.paths) {
    if (!applies(collection, shape, values)) continue;
    if (paths.count() >= row_paths_max) {
      return failure(ErrorCode::limit, "a row of " + collection.name + " would have more than " +
                                           std::to_string(row_paths_max) + " paths");
    }
    ROLLCALL_TRY(add_paths(collection, shape, id, values, paths));
  }
  paths.end();
  return {};
}

// RFC 8949: the head of an item, in its shortest form.
void put_cbor_head(Bytes& out, unsigned major, std::uint64_t argument) {
  const auto head = static_cast<char>(major << 5);
  if (argument < 24) {
    out.push_back(static_cast<char>(head | static_cast<char>(argument)));
  } else if (argument <= 0xff) {
    out.push_back(static_cast<char>(head | 24));
    out.push_back(static_cast<char>(argument));
  } else if (argument <= 0xffff) {
    out.push_back(static_cast<char>(head | 25));
    put_u16(out, static_cast<std::uint16_t>(argument));
  } else if (argument <= 0xffffffff) {
    out.push_back(static_cast<char>(head | 26));
    put_u32(out, static_cast<std::uint32_t>(argument));
  } else {
    out.push_back(static_cast<char>(head | 27));
    put_u64(out, argument);
  }
}

void put_cbor_value(Bytes& out, ValueView value) {
  switch (value.kind) {
    case ValueKind::null: out.push_back(static_cast<char>(0xf6)); return;
    case ValueKind::boolean:
      out.push_back(static_cast<char>(value.integer != 0 ? 0xf5 : 0xf4));
      return;
    case ValueKind::integer:
      if (value.integer >= 0) {
        put_cbor_head(out, 0, static_cast<std::uint64_t>(value.integer));
      } else {
        put_cbor_head(out, 1, ~static_cast<std::uint64_t>(value.integer));
      }
      return;
    case ValueKind::text:
    case ValueKind::bytes:
      put_cbor_head(out, value.kind == ValueKind::text ? 3 : 2, value.bytes.size());
      out.append(value.bytes);
      return;
  }
}

}  // namespace

Result<void> check_path(std::string_view path) {
  if (path.empty()) return bad_path(path, "it is empty");
  if (path.size() > path_bytes_max) {
    return bad_path(path, "it is longer than " + std::to_string(path_bytes_max) + " bytes");
  }
  std::size_t segments = 1;
  bool ascii = true;
  char before = '/';
  for (const char c : path) {
    if (c == '/') {
      if (before == '/') return bad_path(path, "a segment is empty");
      ++segments;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      ascii = false;
    } else if (!is_path_byte(c)) {
      return bad_path(path, "it may hold a-z 0-9 . _ ~ : - and letters beyond ASCII");
    }
    before = c;
  }
  if (before == '/') return bad_path(path, "a segment is empty");
  if (segments > path_segments_max) {
    return bad_path(path, "it has more than " + std::to_string(path_segments_max) + " segments");
  }
  if (!ascii && !is_utf8(path)) return bad_path(path, "it is not UTF-8");
  return {};
}

bool covers(std::string_view prefix, std::string_view path) {
  return path.substr(0, prefix.size()) == prefix &&
         (path.size() == prefix.size() || (!prefix.empty() && path[prefix.size()] == '/'));
}

Result<std::vector<std::string>> row_paths(const CollectionDef& collection, const RowId& id,
                                           const RowState& row) {
  std::vector<std::string> paths;
  ROLLCALL_TRY(collect(collection, id, StateValues(collection, row), paths));
  return paths;
}

Result<void> row_paths(const CollectionDef& collection, const RowId& id,
                       const std::function<ValueView(std::size_t position)>& value,
                       std::vector<std::string>& out) {
  return collect(collection, id, PlainValues(value), out);
}

RowId derive_row_id(const CollectionDef& collection, const std::vector<ValueView>& values) {
  static const RowId name_space = [] {
    auto parsed = RowId::parse(derived_id_namespace);
    return *parsed;
  }();
  Bytes name;
  put_cbor_head(name, 4, values.size() + 1);
  put_cbor_head(name, 0, collection.id.value);
  for (const ValueView& value : values) put_cbor_value(name, value);
  return RowId::derive(name_space, name);
}

}  // namespace rollcall
