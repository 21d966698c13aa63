#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

// One line of a file, read as a row of a collection.
struct ImportLine {
  std::size_t line = 0;  // in the file, from 1
  RowId id;
  // Ascending by field. A set has one value an element, ascending.
  std::map<FieldId, std::vector<Value>> fields;
};

struct ImportOptions {
  // Fields whose values name a row, when there is no "id" column and no derived id.
  std::vector<std::string> key;
  std::map<std::string, std::string> columns;  // file's column -> field; others go by their name
};

// A line that cannot be imported; the rest goes on.
struct LineError {
  std::size_t line = 0;
  std::string message;
};

// Reads a whole .csv or .jsonl text line by line. A CSV cell that is empty is no value; several
// elements of a set are parted by ';'. Ids come from an "id" column, from the collection's derived
// fields, or are derived from the key fields. `malformed` or `unknown_field` when the file as a
// whole cannot be read (its heading, its quoting); what is wrong in one line goes to `refused`.
// `take` returns false to stop.
Result<void> read_import(const CollectionDef& collection, std::string_view text, bool is_csv,
                         const ImportOptions& options,
                         const std::function<bool(ImportLine&&)>& take,
                         const std::function<void(LineError&&)>& refused);

}  // namespace rollcall
