#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/model/limits.h"

namespace rollcall {

// Containers inside containers, in CBOR and in JSON: our deepest message needs seven.
inline constexpr std::size_t codec_depth_max = 16;
// A request's or reply's body, uncompressed, in bytes: two transactions of the greatest size, or
// twenty bootstrap pages of 20,000 rows; a phone must hold a message and what it unfolds to at
// once.
inline constexpr std::size_t message_bytes_max = 16u << 20;
// Elements of all lists of one message together: an element of one byte may be a struct of
// hundreds.
inline constexpr std::size_t message_items_max = 200'000;
// Pairs of one message that its reader does not know (a newer peer's), all levels together.
inline constexpr std::size_t message_unknown_fields_max = 1'000;

// Bodies below this are not compressed, in bytes: it would spare less than a packet.
inline constexpr std::size_t compress_bytes_min = 1'024;
// The same body as JSON text: bytes grow by a third as base64, and names are spelled out.
inline constexpr std::size_t json_bytes_max = 24u << 20;
// Values of one JSON text, containers among them: each costs its reader some hundred bytes.
inline constexpr std::size_t json_nodes_max = 400'000;

// Rows of one page, whatever it is part of.
inline constexpr std::size_t page_rows_max = 50'000;
// Sections of one page: a row of its own collection, kind and field list opens one.
inline constexpr std::size_t page_sections_max = 4'096;
// Fields of one section: field ids are at most 1,023.
inline constexpr std::size_t section_fields_max = 1'024;
// Columns of one page, all sections together: each costs its reader some hundred bytes.
inline constexpr std::size_t page_columns_max = 65'536;
// Parts of one column that is made of parts: a column in which each digit run is a part.
inline constexpr std::size_t column_parts_max = 32;
// Cells of one page: rows times fields, summed over the sections. A constant column costs no bytes
// for its rows, so the count of bytes does not bound the work.
inline constexpr std::size_t page_cells_max = 2'000'000;
// Text and bytes of one page after its columns are unfolded, in bytes: bounds what a dictionary of
// long words can become. As much as a message may hold, and half again.
inline constexpr std::size_t page_unfolded_bytes_max = 24u << 20;
// Path sets of one page, and paths of its dictionary.
inline constexpr std::size_t page_paths_max = 50'000;
// Path sets' members, all sets of a page together.
inline constexpr std::size_t page_path_members_max = 200'000;
// One row's extra (set elements, losers), encoded, in bytes.
inline constexpr std::size_t row_extra_bytes_max = row_bytes_max;

// Rows that one transaction writes.
inline constexpr std::size_t transaction_rows_max = 10'000;
// One transaction, encoded, in bytes: two fit a message with room for the rest.
inline constexpr std::size_t transaction_bytes_max = 4u << 20;
// The same, its columns unfolded: what the server must write into its tables, in bytes.
inline constexpr std::size_t transaction_unfolded_bytes_max = 8u << 20;
// The cursor that a transaction carries; only the server knows what is in it.
inline constexpr std::size_t cursor_bytes_max = 256;

}  // namespace rollcall
