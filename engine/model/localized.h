#pragma once

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace rollcall {

// A localized text: a JSON object, language tag -> text, in one canonical form so that equal texts
// are equal bytes: no spaces, at least one language, tags ascending bytewise and each once, strings
// escaped as RFC 8785 section 3.2.2.2 does (only '"', '\' and control characters are escaped).
//
//   {"en":"Captain training","es":"Capacitación"}
//
// A tag is 2 to 8 letters, then perhaps "-" and 1 to 8 letters or digits, again and again up to
// `language_tag_bytes_max`, in the case of RFC 5646 section 2.1.1: "es", "pt-BR", "zh-Hant-TW".

// Done, or `bad_value`. Copies nothing.
Result<void> check_localized(BytesView text);

// The canonical form of such an object written with any spaces, order, escapes and case of tags;
// `bad_value` when it is something else or names a language twice.
Result<Bytes> canonical_localized(BytesView text);

// What it says in all languages, a line each; of anything else, what was given.
Bytes localized_texts(BytesView text);

}  // namespace rollcall
