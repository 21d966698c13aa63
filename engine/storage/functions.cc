#include <string>

#include <sqlite3.h>

#include "engine/base/row_id.h"
#include "engine/model/localized.h"
#include "engine/storage/connection_state.h"

namespace rollcall {
namespace {

// uuid(id) -> "018f…-…": null for anything that is not 16 bytes.
void uuid(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(arguments[0]));
  const int size = sqlite3_value_bytes(arguments[0]);
  if (sqlite3_value_type(arguments[0]) != SQLITE_BLOB || bytes == nullptr ||
      size != static_cast<int>(RowId::size_bytes)) {
    return sqlite3_result_null(context);
  }
  const std::string text = RowId::from_bytes({bytes, RowId::size_bytes}).text();
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

// uuid_blob("018f…-…") -> id: null for anything that is not a UUID's text.
void uuid_blob(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
  if (text == nullptr) return sqlite3_result_null(context);
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
  const auto id = RowId::parse({text, size});
  if (!id) return sqlite3_result_null(context);
  sqlite3_result_blob(context, id->bytes.data(), static_cast<int>(RowId::size_bytes),
                      SQLITE_TRANSIENT);
}

// localized_texts('{"en":"Hello","es":"Hola"}') -> 'Hello\nHola': null for null.
void localized_texts_of(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
  if (text == nullptr) return sqlite3_result_null(context);
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
  const Bytes texts = localized_texts({text, size});
  sqlite3_result_text(context, texts.data(), static_cast<int>(texts.size()), SQLITE_TRANSIENT);
}

}  // namespace

int register_functions(sqlite3* db) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  struct Function {
    const char* name;
    void (*call)(sqlite3_context*, int, sqlite3_value**);
  };
  constexpr Function functions[] = {
      {"uuid", uuid}, {"uuid_blob", uuid_blob}, {"localized_texts", localized_texts_of}};
  for (const Function& function : functions) {
    const int code = sqlite3_create_function_v2(db, function.name, 1, flags, nullptr, function.call,
                                                nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

}  // namespace rollcall
