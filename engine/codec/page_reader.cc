#include "engine/codec/page_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/codec/cbor_reader.h"
#include "engine/codec/column_reader.h"
#include "engine/codec/id_column.h"
#include "engine/codec/limits.h"
#include "engine/codec/row_extra.h"
#include "engine/model/limits.h"
#include "engine/model/packed_stamps.h"

namespace rollcall {

struct PageReader::State {
  struct SectionColumns {
    std::vector<FieldId> fields;
    std::vector<RowId> ids;
    std::vector<ColumnReader> cells;
    ColumnReader stamps;
    ColumnReader extra;
    ColumnReader path_sets;
  };

  std::vector<BytesView> paths;
  std::vector<std::uint32_t> set_members;
  std::vector<std::size_t> set_ends;
  std::vector<Section> sections;
  std::vector<SectionColumns> columns;  // the first sections.size(); the rest keep their memory
  std::size_t rows = 0;
  std::size_t rows_max = 0;

  std::size_t at_section = 0;
  std::size_t at_row = 0;
  std::vector<ValueView> cells;

  // For the checks of one row.
  std::vector<FieldStamp> stamps;
  std::vector<std::size_t> not_carried;  // places among the fields that its stamps do not name
  FieldState field_state;
  FieldWrite field_write;

  void clear();
  Result<void> read_page(CborReader& in, PageUse use);
  Result<void> read_paths(CborReader& in);
  Result<void> read_path_sets(CborReader& in);
  Result<void> read_section(CborReader& in, PageUse use, ColumnBudget& budget);
  Result<void> read_fields(CborReader& in, RowKind kind, SectionColumns& section);
  Result<void> read_columns(CborReader& in, Section& head, SectionColumns& section,
                            ColumnBudget& budget);
  Result<void> check_rows(CborReader& in, Section& head, SectionColumns& section);
  Result<void> check_stamps(CborReader& in, BytesView packed, const SectionColumns& section);
  Result<void> check_extra(CborReader& in, BytesView extra, const Section& head,
                           const SectionColumns& section, std::size_t row);
  Result<void> check_path_sets(CborReader& in, const Section& head, ColumnReader& column) const;
};

PageReader::PageReader() : state_(std::make_unique<State>()) {}
PageReader::~PageReader() = default;
PageReader::PageReader(PageReader&&) noexcept = default;
PageReader& PageReader::operator=(PageReader&&) noexcept = default;

void PageReader::State::clear() {
  paths.clear();
  set_members.clear();
  set_ends.clear();
  sections.clear();
  rows = 0;
  at_section = at_row = 0;
}

Result<void> PageReader::open(BytesView page, PageUse use) {
  state_->clear();
  CborReader in(page);
  Result<void> read = state_->read_page(in, use);
  if (read) read = in.end();
  if (!read) {
    state_->clear();
    return failure(read.error().code, "page: " + read.error().message);
  }
  // Only now do the lists of fields stay where they are.
  for (std::size_t i = 0; i < state_->sections.size(); ++i) {
    state_->sections[i].fields = state_->columns[i].fields;
  }
  return {};
}

Result<void> PageReader::State::read_page(CborReader& in, PageUse use) {
  ROLLCALL_TRY_ASSIGN(const std::size_t pairs, in.map());
  ColumnBudget budget;
  if (use == PageUse::transaction) {
    rows_max = transaction_rows_max;
    budget.unfolded_bytes = transaction_unfolded_bytes_max;
  } else {
    rows_max = page_rows_max;
  }
  for (std::size_t i = 0; i < pairs; ++i) {
    ROLLCALL_TRY_ASSIGN(const std::uint64_t key, in.unsigned_integer());
    if (key < 1 || key > 3) return in.refuse(ErrorCode::malformed, "a page has no such key");
    if (key == 1) {
      ROLLCALL_TRY(read_paths(in));
      continue;
    }
    if (key == 2) {
      ROLLCALL_TRY(read_path_sets(in));
      continue;
    }
    ROLLCALL_TRY_ASSIGN(const std::size_t count, in.array());
    if (count == 0) return in.refuse(ErrorCode::not_canonical, "an empty list is left out");
    if (count > page_sections_max) return in.refuse(ErrorCode::limit, "too many sections");
    for (std::size_t section = 0; section < count; ++section) {
      ROLLCALL_TRY(read_section(in, use, budget));
    }
  }
  if (use == PageUse::transaction && !(paths.empty() && set_ends.empty())) {
    return in.refuse(ErrorCode::malformed, "a transaction names no paths");
  }
  return {};
}

Result<void> PageReader::State::read_paths(CborReader& in) {
  ROLLCALL_TRY_ASSIGN(const std::size_t count, in.array());
  if (count == 0) return in.refuse(ErrorCode::not_canonical, "an empty list is left out");
  if (count > page_paths_max) return in.refuse(ErrorCode::limit, "too many paths");
  for (std::size_t i = 0; i < count; ++i) {
    ROLLCALL_TRY_ASSIGN(const BytesView path, in.text());
    if (path.empty() || path.size() > path_bytes_max) {
      return in.refuse(ErrorCode::too_long, "a path is empty or too long");
    }
    paths.push_back(path);
  }
  return {};
}

Result<void> PageReader::State::read_path_sets(CborReader& in) {
  ROLLCALL_TRY_ASSIGN(const std::size_t count, in.array());
  if (count == 0) return in.refuse(ErrorCode::not_canonical, "an empty list is left out");
  if (count > page_paths_max) return in.refuse(ErrorCode::limit, "too many path sets");
  for (std::size_t i = 0; i < count; ++i) {
    ROLLCALL_TRY_ASSIGN(const std::size_t members, in.array());
    if (members > row_paths_max || set_members.size() + members > page_path_members_max) {
      return in.refuse(ErrorCode::limit, "a row, or the page, has too many paths");
    }
    for (std::size_t k = 0; k < members; ++k) {
      ROLLCALL_TRY_ASSIGN(const std::uint64_t path, in.unsigned_integer());
      if (path >= paths.size()) return in.refuse(ErrorCode::malformed, "a path beyond the list");
      if (k > 0 && path <= set_members.back()) {
        return in.refuse(ErrorCode::not_canonical, "a path set does not ascend");
      }
      set_members.push_back(static_cast<std::uint32_t>(path));
    }
    set_ends.push_back(set_members.size());
  }
  return {};
}

Result<void> PageReader::State::read_section(CborReader& in, PageUse use, ColumnBudget& budget) {
  ROLLCALL_TRY_ASSIGN(const std::size_t items, in.array());
  if (items != 8) return in.refuse(ErrorCode::malformed, "a section has eight items");
  Section head;
  ROLLCALL_TRY_ASSIGN(const std::uint64_t collection, in.unsigned_integer());
  if (collection > 0xffff) return in.refuse(ErrorCode::bad_value, "no such collection id");
  head.collection = CollectionId(static_cast<std::uint16_t>(collection));
  ROLLCALL_TRY_ASSIGN(const std::uint64_t kind, in.unsigned_integer());
  if (kind > static_cast<std::uint64_t>(RowKind::evict) ||
      use_of(static_cast<RowKind>(kind)) != use) {
    return in.refuse(ErrorCode::bad_value, "rows of a kind that has no place in this page");
  }
  head.kind = static_cast<RowKind>(kind);

  if (columns.size() == sections.size()) columns.emplace_back();
  SectionColumns& section = columns[sections.size()];
  ROLLCALL_TRY_ASSIGN(const BytesView ids, in.bytes());
  if (auto read = read_ids(ids, rows_max - rows, section.ids); !read) {
    return in.refuse(read.error().code, read.error().message);
  }
  head.rows = section.ids.size();
  rows += head.rows;
  ROLLCALL_TRY(read_fields(in, head.kind, section));
  head.fields = section.fields;
  ROLLCALL_TRY(read_columns(in, head, section, budget));
  sections.push_back(head);
  return {};
}

Result<void> PageReader::State::read_fields(CborReader& in, RowKind kind, SectionColumns& section) {
  ROLLCALL_TRY_ASSIGN(const std::size_t count, in.array());
  if (count > section_fields_max || (!has_fields(kind) && count != 0)) {
    return in.refuse(ErrorCode::limit, "a section with too many fields");
  }
  section.fields.clear();
  for (std::size_t i = 0; i < count; ++i) {
    ROLLCALL_TRY_ASSIGN(const std::uint64_t field, in.unsigned_integer());
    if (field > field_id_max) return in.refuse(ErrorCode::limit, "no such field id");
    if (i > 0 && field <= section.fields.back().value) {
      return in.refuse(ErrorCode::not_canonical, "a section's fields do not ascend");
    }
    section.fields.push_back(FieldId(static_cast<std::uint16_t>(field)));
  }
  return {};
}

Result<void> PageReader::State::read_columns(CborReader& in, Section& head, SectionColumns& section,
                                             ColumnBudget& budget) {
  const auto open = [&](ColumnReader& column, bool is_there, ValueKind kind) -> Result<void> {
    if (!is_there) return in.null();
    ROLLCALL_TRY(column.open(in, head.rows, budget));
    if (column.has_null() || column.kind() != kind) {
      return in.refuse(ErrorCode::wrong_type,
                       "expected a column of " + std::string(kind_name(kind)) + " without null");
    }
    return {};
  };
  ROLLCALL_TRY(open(section.stamps, has_fields(head.kind), ValueKind::bytes));
  ROLLCALL_TRY(open(section.extra, has_fields(head.kind), ValueKind::bytes));
  ROLLCALL_TRY(open(section.path_sets, has_paths(head.kind), ValueKind::integer));
  ROLLCALL_TRY_ASSIGN(const std::size_t count, in.array());
  if (count != section.fields.size()) {
    return in.refuse(ErrorCode::malformed, "a section has not one column for each field");
  }
  if (section.cells.size() < count) section.cells.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    ROLLCALL_TRY(section.cells[i].open(in, head.rows, budget));
  if (has_paths(head.kind)) ROLLCALL_TRY(check_path_sets(in, head, section.path_sets));
  if (has_fields(head.kind)) ROLLCALL_TRY(check_rows(in, head, section));
  return {};
}

Result<void> PageReader::State::check_path_sets(CborReader& in, const Section& head,
                                                ColumnReader& column) const {
  const auto sets = static_cast<std::int64_t>(set_ends.size());
  for (std::size_t row = 0; row < head.rows; ++row) {
    const std::int64_t set = column.next().integer;
    if (set < 0 || set >= sets) {
      return in.refuse(ErrorCode::malformed, "a row's path set beyond the list");
    }
    if (column.is_constant()) break;
  }
  column.rewind();
  return {};
}

// Stamps and extras, each judged once where neighbours have the same; and that a cell which is not
// carried says nothing.
Result<void> PageReader::State::check_rows(CborReader& in, Section& head, SectionColumns& section) {
  const bool is_reply = use_of(head.kind) == PageUse::reply;
  BytesView last_stamps;
  bool is_first = true;
  for (std::size_t row = 0; row < head.rows; ++row) {
    const BytesView packed = section.stamps.next().bytes;
    const BytesView row_extra = section.extra.next().bytes;
    if (is_first || packed != last_stamps) {
      ROLLCALL_TRY(check_stamps(in, packed, section));
      head.has_stamps = head.has_stamps || !packed.empty();
      last_stamps = packed;
      is_first = false;
    }
    if (is_reply) {
      for (const std::size_t place : not_carried) {
        if (!section.cells[place].is_null(row)) {
          return in.refuse(ErrorCode::not_canonical, "a value of a field that has no stamp");
        }
      }
    }
    if (!row_extra.empty()) ROLLCALL_TRY(check_extra(in, row_extra, head, section, row));
    if (section.stamps.is_constant() && section.extra.is_constant() && row_extra.empty() &&
        (!is_reply || not_carried.empty())) {
      break;
    }
  }
  section.stamps.rewind();
  section.extra.rewind();
  return {};
}

// Fills `not_carried` on the way.
Result<void> PageReader::State::check_stamps(CborReader& in, BytesView packed,
                                             const SectionColumns& section) {
  if (auto unpacked = unpack_stamps(packed, stamps); !unpacked) {
    return in.refuse(unpacked.error().code, unpacked.error().message);
  }
  not_carried.clear();
  std::size_t next = 0;
  for (std::size_t place = 0; place < section.fields.size(); ++place) {
    if (next < stamps.size() && stamps[next].field == section.fields[place]) {
      ++next;
    } else {
      not_carried.push_back(place);
    }
  }
  if (next != stamps.size()) {
    return in.refuse(ErrorCode::malformed, "a stamp of a field that the section does not have");
  }
  return {};
}

Result<void> PageReader::State::check_extra(CborReader& in, BytesView extra, const Section& head,
                                            const SectionColumns& section, std::size_t row) {
  const auto fail = [&](const Error& error) {
    return in.refuse(error.code, "a row's extra: " + error.message);
  };
  if (extra.size() > row_extra_bytes_max) {
    return in.refuse(ErrorCode::too_large, "a row's extra is too large");
  }
  const bool is_reply = use_of(head.kind) == PageUse::reply;
  RowExtraReader reader(extra, ExtraUse::wire);
  std::size_t place = 0;
  for (;;) {
    const auto field = reader.next();
    if (!field) return fail(field.error());
    if (!field->has_value()) return {};
    while (place < head.fields.size() && head.fields[place] < **field) ++place;
    const bool is_field = place < head.fields.size() && head.fields[place] == **field;
    const bool is_carried = is_field && !(is_reply && std::binary_search(not_carried.begin(),
                                                                         not_carried.end(), place));
    if (!is_carried) {
      return in.refuse(ErrorCode::malformed, "a row's extra of a field that it does not carry");
    }
    const auto read = is_reply ? reader.read(field_state) : reader.read(field_write);
    if (!read) return fail(read.error());
    if (!is_reply && !field_write.has_value && !section.cells[place].is_null(row)) {
      return in.refuse(ErrorCode::not_canonical, "a value where the write has none");
    }
  }
}

bool PageReader::next(SectionRow& row) {
  State& state = *state_;
  if (state.at_section == state.sections.size()) return false;
  const Section& head = state.sections[state.at_section];
  State::SectionColumns& section = state.columns[state.at_section];
  if (state.at_row == 0) state.cells.assign(head.fields.size(), {});
  row.section = &head;
  row.id = section.ids[state.at_row];
  for (std::size_t i = 0; i < head.fields.size(); ++i) state.cells[i] = section.cells[i].next();
  row.cells = state.cells;
  row.stamps = has_fields(head.kind) ? section.stamps.next().bytes : BytesView();
  row.extra = has_fields(head.kind) ? section.extra.next().bytes : BytesView();
  row.path_set = 0;
  row.paths = {};
  if (has_paths(head.kind)) {
    row.path_set = static_cast<std::uint32_t>(section.path_sets.next().integer);
    row.paths = path_set(row.path_set);
  }
  if (++state.at_row == head.rows) {
    state.at_row = 0;
    ++state.at_section;
  }
  return true;
}

void PageReader::rewind() {
  State& state = *state_;
  for (std::size_t i = 0; i < state.sections.size(); ++i) {
    State::SectionColumns& section = state.columns[i];
    for (std::size_t k = 0; k < section.fields.size(); ++k) section.cells[k].rewind();
    section.stamps.rewind();
    section.extra.rewind();
    section.path_sets.rewind();
  }
  state.at_section = state.at_row = 0;
}

std::span<const Section> PageReader::sections() const { return state_->sections; }
std::size_t PageReader::rows() const { return state_->rows; }

std::span<const RowId> PageReader::ids(std::size_t section) const {
  ROLLCALL_CHECK(section < state_->sections.size());
  return state_->columns[section].ids;
}

std::span<const BytesView> PageReader::paths() const { return state_->paths; }
std::size_t PageReader::path_sets() const { return state_->set_ends.size(); }

std::span<const std::uint32_t> PageReader::path_set(std::size_t place) const {
  ROLLCALL_CHECK(place < state_->set_ends.size());
  const std::size_t begin = place == 0 ? 0 : state_->set_ends[place - 1];
  return std::span(state_->set_members).subspan(begin, state_->set_ends[place] - begin);
}

}  // namespace rollcall
