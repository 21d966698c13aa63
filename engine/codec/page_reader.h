#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "engine/base/bytes.h"
#include "engine/codec/page.h"

namespace rollcall {

// Reads a page's rows. `open` checks everything - structure, lengths, UTF-8, limits, places in
// dictionaries, packed stamps, extras - so that reading the rows afterwards cannot fail. What the
// rows mean (a collection, field or kind of value that the schema does not have) is the caller's to
// judge. Opening another page keeps the memory of the one before.
//
//   PageReader page;
//   ROLLCALL_TRY(page.open(bytes, PageUse::reply));
//   for (SectionRow row; page.next(row);) { ... }
class PageReader {
 public:
  PageReader();
  ~PageReader();
  PageReader(PageReader&&) noexcept;
  PageReader& operator=(PageReader&&) noexcept;

  // `page` must outlive the reading. After an error the reader holds no rows.
  Result<void> open(BytesView page, PageUse use);

  // The next row, section by section; false after the last.
  bool next(SectionRow& row);
  // Begins again at the first row.
  void rewind();

  [[nodiscard]] std::span<const Section> sections() const;
  [[nodiscard]] std::size_t rows() const;  // of all sections
  // Of a section's rows, in their order.
  [[nodiscard]] std::span<const RowId> ids(std::size_t section) const;
  [[nodiscard]] std::span<const BytesView> paths() const;
  [[nodiscard]] std::size_t path_sets() const;
  [[nodiscard]] std::span<const std::uint32_t> path_set(std::size_t place) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rollcall
