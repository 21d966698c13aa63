#include "engine/codec/page_writer.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "engine/codec/cbor_writer.h"
#include "engine/codec/column_writer.h"
#include "engine/codec/id_column.h"
#include "engine/codec/limits.h"
#include "engine/model/limits.h"

namespace rollcall {
namespace {

// What the next row may take: a page is full when less is left.
constexpr std::size_t row_room = row_bytes_max;
// Beside its cells: id, lengths, places.
constexpr std::size_t row_overhead = 24;

// Finds a set without making a key of its own: callers ask for each row.
struct SetLess {
  using is_transparent = void;
  bool operator()(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};

// So that finding a section among thousands compares numbers, not lists.
std::uint64_t fingerprint(CollectionId collection, RowKind kind, std::span<const FieldId> fields) {
  std::uint64_t mixed = collection.value * 8u + static_cast<unsigned>(kind);
  for (const FieldId field : fields) mixed = (mixed ^ field.value) * 0x9e3779b97f4a7c15ULL;
  return mixed ^ (mixed >> 32);
}

}  // namespace

struct PageWriter::State {
  struct SectionColumns {
    CollectionId collection;
    RowKind kind = RowKind::update;
    std::vector<FieldId> fields;
    std::vector<RowId> ids;
    std::vector<ColumnWriter> cells;
    ColumnWriter stamps;
    ColumnWriter extra;
    ColumnWriter path_sets;

    [[nodiscard]] bool is(CollectionId c, RowKind k, std::span<const FieldId> f) const {
      return collection == c && kind == k &&
             std::equal(fields.begin(), fields.end(), f.begin(), f.end());
    }
  };

  std::map<std::string, std::uint32_t, std::less<>> path_places;
  std::vector<const std::string*> paths;  // keys of `path_places`
  std::map<std::vector<std::uint32_t>, std::uint32_t, SetLess> set_places;
  std::vector<const std::vector<std::uint32_t>*> sets;
  std::size_t set_members = 0;

  std::vector<SectionColumns> sections;     // the first `section_count`; the rest keep their memory
  std::vector<std::uint64_t> fingerprints;  // one for each section
  std::size_t section_count = 0;
  std::size_t last_section = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t cells = 0;
  std::size_t bytes = 0;

  ColumnScratch scratch;
  Bytes ids;

  [[nodiscard]] std::string over_limit() const;
  void write_paths(CborWriter& out) const;
  void write_section(SectionColumns& section, CborWriter& out);
};

PageWriter::PageWriter() : state_(std::make_unique<State>()) {}
PageWriter::~PageWriter() = default;
PageWriter::PageWriter(PageWriter&&) noexcept = default;
PageWriter& PageWriter::operator=(PageWriter&&) noexcept = default;

std::uint32_t PageWriter::path(std::string_view path) {
  const auto found = state_->path_places.find(path);
  if (found != state_->path_places.end()) return found->second;
  const auto place = static_cast<std::uint32_t>(state_->paths.size());
  const auto added = state_->path_places.emplace(std::string(path), place).first;
  state_->paths.push_back(&added->first);
  state_->bytes += path.size() + 3;
  return place;
}

std::uint32_t PageWriter::path_set(std::span<const std::uint32_t> paths) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    ROLLCALL_CHECK(paths[i] < state_->paths.size());
    if (i > 0) ROLLCALL_CHECK(paths[i - 1] < paths[i]);
  }
  State& state = *state_;
  const auto found = state.set_places.find(paths);
  if (found != state.set_places.end()) return found->second;
  const auto place = static_cast<std::uint32_t>(state.sets.size());
  const auto added =
      state.set_places.emplace(std::vector<std::uint32_t>(paths.begin(), paths.end()), place).first;
  state.sets.push_back(&added->first);
  state.set_members += paths.size();
  state.bytes += 1 + 3 * paths.size();
  return place;
}

std::size_t PageWriter::section(CollectionId collection, RowKind kind,
                                std::span<const FieldId> fields) {
  State& state = *state_;
  if (state.last_section < state.section_count &&
      state.sections[state.last_section].is(collection, kind, fields)) {
    return state.last_section;
  }
  const std::uint64_t wanted = fingerprint(collection, kind, fields);
  for (std::size_t i = 0; i < state.section_count; ++i) {
    if (state.fingerprints[i] == wanted && state.sections[i].is(collection, kind, fields)) {
      return state.last_section = i;
    }
  }
  ROLLCALL_CHECK(has_fields(kind) || fields.empty());
  ROLLCALL_CHECK(std::adjacent_find(fields.begin(), fields.end(), std::greater_equal<>()) ==
                 fields.end());
  if (state.section_count == state.sections.size()) {
    state.sections.emplace_back();
    state.fingerprints.push_back(0);
  }
  state.fingerprints[state.section_count] = wanted;
  State::SectionColumns& section = state.sections[state.section_count];
  section.collection = collection;
  section.kind = kind;
  section.fields.assign(fields.begin(), fields.end());
  section.ids.clear();
  section.cells.resize(fields.size());
  for (ColumnWriter& column : section.cells) column.clear();
  section.stamps.clear();
  section.extra.clear();
  section.path_sets.clear();
  state.columns += fields.size() + 3;
  state.bytes += 32 + 8 * fields.size();
  return state.last_section = state.section_count++;
}

void PageWriter::add(std::size_t place, const Row& row) {
  ROLLCALL_CHECK(place < state_->section_count);
  State::SectionColumns& section = state_->sections[place];
  ROLLCALL_CHECK(row.cells.size() == section.fields.size());
  section.ids.push_back(row.id);
  std::size_t bytes = row_overhead + row.stamps.size() + row.extra.size();
  if (has_fields(section.kind)) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      section.cells[i].add(row.cells[i]);
      bytes += row.cells[i].bytes.size();
    }
    section.stamps.add(ValueView::of_bytes(row.stamps));
    section.extra.add(ValueView::of_bytes(row.extra));
  }
  if (has_paths(section.kind)) {
    ROLLCALL_CHECK(row.path_set < state_->sets.size());
    section.path_sets.add(ValueView::of_integer(row.path_set));
  }
  state_->bytes += bytes;
  state_->cells += row.cells.size() + 3;
  ++state_->rows;
}

std::size_t PageWriter::rows() const { return state_->rows; }
std::size_t PageWriter::size_estimate() const { return state_->bytes; }

bool PageWriter::is_full() const {
  const State& state = *state_;
  const std::size_t columns_room = section_fields_max + 3;
  return state.rows + 1 > page_rows_max || state.section_count + 1 > page_sections_max ||
         state.columns + columns_room > page_columns_max ||
         state.cells + columns_room > page_cells_max ||
         state.bytes + row_room > page_unfolded_bytes_max ||
         state.paths.size() + row_paths_max > page_paths_max ||
         state.sets.size() + 1 > page_paths_max ||
         state.set_members + row_paths_max > page_path_members_max;
}

std::string PageWriter::State::over_limit() const {
  if (rows > page_rows_max) return std::to_string(rows) + " rows";
  if (section_count > page_sections_max) return std::to_string(section_count) + " sections";
  if (columns > page_columns_max) return std::to_string(columns) + " columns";
  if (cells > page_cells_max) return std::to_string(cells) + " cells";
  if (bytes > page_unfolded_bytes_max) return std::to_string(bytes) + " bytes";
  if (paths.size() > page_paths_max) return std::to_string(paths.size()) + " paths";
  if (sets.size() > page_paths_max) return std::to_string(sets.size()) + " path sets";
  if (set_members > page_path_members_max) return std::to_string(set_members) + " path set members";
  return {};
}

void PageWriter::State::write_paths(CborWriter& out) const {
  if (!paths.empty()) {
    out.unsigned_integer(1);
    out.array(paths.size());
    for (const std::string* path : paths) out.text(*path);
  }
  if (!sets.empty()) {
    out.unsigned_integer(2);
    out.array(sets.size());
    for (const std::vector<std::uint32_t>* set : sets) {
      out.array(set->size());
      for (const std::uint32_t path : *set) out.unsigned_integer(path);
    }
  }
}

void PageWriter::State::write_section(SectionColumns& section, CborWriter& out) {
  out.array(8);
  out.unsigned_integer(section.collection.value);
  out.unsigned_integer(static_cast<std::uint64_t>(section.kind));
  ids.clear();
  write_ids(section.ids, ids);
  out.bytes(ids);
  out.array(section.fields.size());
  for (const FieldId field : section.fields) out.unsigned_integer(field.value);
  const auto column = [&](const ColumnWriter& content) {
    if (content.rows() == 0) return out.null();
    content.write(out, scratch);
  };
  column(section.stamps);
  column(section.extra);
  column(section.path_sets);
  out.array(section.cells.size());
  for (const ColumnWriter& cells_of_field : section.cells) column(cells_of_field);
}

Result<void> PageWriter::write_to(Bytes& out) {
  State& state = *state_;
  if (const std::string what = state.over_limit(); !what.empty()) {
    clear();
    return failure(ErrorCode::too_large, "a page cannot hold " + what + "; make smaller pages");
  }
  std::size_t sections = 0;  // one of which every row stayed away is not written
  for (std::size_t i = 0; i < state.section_count; ++i) {
    sections += state.sections[i].ids.empty() ? 0 : 1;
  }
  CborWriter writer(out);
  writer.map((state.paths.empty() ? 0u : 1u) + (state.sets.empty() ? 0u : 1u) +
             (sections == 0 ? 0u : 1u));
  state.write_paths(writer);
  if (sections > 0) {
    writer.unsigned_integer(3);
    writer.array(sections);
    for (std::size_t i = 0; i < state.section_count; ++i) {
      if (!state.sections[i].ids.empty()) state.write_section(state.sections[i], writer);
    }
  }
  clear();
  return {};
}

Result<Bytes> PageWriter::finish() {
  Bytes out;
  ROLLCALL_TRY(write_to(out));
  return out;
}

void PageWriter::clear() {
  State& state = *state_;
  state.paths.clear();
  state.path_places.clear();
  state.sets.clear();
  state.set_places.clear();
  state.set_members = 0;
  state.section_count = 0;
  state.last_section = 0;
  state.rows = state.columns = state.cells = state.bytes = 0;
}

}  // namespace rollcall
