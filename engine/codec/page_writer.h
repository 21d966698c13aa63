#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/codec/page.h"

namespace rollcall {

// Gathers rows and writes them as one page. Rows keep their order within their section. The same
// calls give the same bytes. Nothing is allocated per row: columns grow as wholes, and a writer
// that is used again keeps their memory.
//
// The caller keeps to the rules of engine/codec/page.h and to `is_full`; breaking them is a bug
// (CHECK), for example cells of two kinds in one column.
class PageWriter {
 public:
  PageWriter();
  ~PageWriter();
  PageWriter(PageWriter&&) noexcept;
  PageWriter& operator=(PageWriter&&) noexcept;

  // The place of a path in the page's dictionary; the same for the same path.
  std::uint32_t path(std::string_view path);
  // The place of a set of such paths, ascending; the same for the same set.
  std::uint32_t path_set(std::span<const std::uint32_t> paths);
  // The place of the section for such rows; the same for the same arguments. `fields` ascending,
  // empty for echoes and evicts. Cheap when it is the one of the call before.
  std::size_t section(CollectionId collection, RowKind kind, std::span<const FieldId> fields);

  struct Row {
    RowId id;
    std::span<const ValueView> cells;  // as many as the section has fields
    BytesView stamps;
    std::uint32_t path_set = 0;
    BytesView extra;
  };
  void add(std::size_t place, const Row& row);

  [[nodiscard]] std::size_t rows() const;
  // What the rows take unfolded, in bytes: the encoded page is smaller but for some tens of bytes a
  // section, and much smaller as a rule.
  [[nodiscard]] std::size_t size_estimate() const;
  // True when a limit of engine/codec/limits.h leaves no room for another row of ordinary size.
  [[nodiscard]] bool is_full() const;

  // Appends the page to `out`; `too_large` when its rows pass a limit of a page. The writer is
  // empty afterwards either way.
  Result<void> write_to(Bytes& out);
  Result<Bytes> finish();
  void clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rollcall
