#include "engine/model/localized.h"

#include <algorithm>
#include <map>

#include "engine/model/limits.h"

namespace rollcall {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

Error bad_localized(std::string_view why) {
  return failure(ErrorCode::bad_value,
                 "is no localized text: " + std::string(why) +
                     "; write an object of language tag and text, such as {\"en\":\"Hello\"}");
}

// How the character at `at` of a tag is written: RFC 5646 section 2.1.1, on the subtag
// [first, end) in which it lies. Regions of two letters are upper case and scripts of four begin
// so, unless they are the first subtag or follow a singleton.
char tag_case(BytesView tag, std::size_t first, std::size_t end, std::size_t at) {
  const std::size_t length = end - first;
  const bool after_singleton = first == 2 || (first >= 3 && tag[first - 3] == '-');
  if (first == 0 || after_singleton) return lower(tag[at]);
  if (length == 2) return upper(tag[at]);
  if (length == 4 && at == first) return upper(tag[at]);
  return lower(tag[at]);
}

bool is_tag(BytesView tag) {
  if (tag.empty() || tag.size() > language_tag_bytes_max) return false;
  for (std::size_t first = 0; first <= tag.size();) {
    const std::size_t end = std::min(tag.find('-', first), tag.size());
    const std::size_t length = end - first;
    if (length < (first == 0 ? 2u : 1u) || length > 8) return false;
    for (std::size_t i = first; i < end; ++i) {
      if (!is_letter(tag[i]) && (first == 0 || !is_digit(tag[i]))) return false;
    }
    first = end + 1;
  }
  return true;
}

std::string canonical_tag(BytesView tag) {
  std::string out;
  for (std::size_t first = 0; first <= tag.size();) {
    const std::size_t end = std::min(tag.find('-', first), tag.size());
    for (std::size_t i = first; i < end; ++i) out.push_back(tag_case(tag, first, end, i));
    if (end < tag.size()) out.push_back('-');
    first = end + 1;
  }
  return out;
}

bool is_canonical_tag(BytesView tag) {
  if (!is_tag(tag)) return false;
  for (std::size_t first = 0; first <= tag.size();) {
    const std::size_t end = std::min(tag.find('-', first), tag.size());
    for (std::size_t i = first; i < end; ++i) {
      if (tag[i] != tag_case(tag, first, end, i)) return false;
    }
    first = end + 1;
  }
  return true;
}

// The letter after '\' that stands for a control character, or 0.
char short_escape(char c) {
  switch (c) {
    case '\b': return 'b';
    case '\t': return 't';
    case '\n': return 'n';
    case '\f': return 'f';
    case '\r': return 'r';
    default: return 0;
  }
}

void append_string(std::string& out, BytesView text) {
  constexpr char hex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (const char letter = short_escape(c); letter != 0) {
      out.push_back('\\');
      out.push_back(letter);
    } else if (byte < 0x20) {
      out.append("\\u00");
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// True when the escape that `rest` begins with (behind the '\') is the one that append_string
// makes; `length` is how many bytes it has.
bool is_canonical_escape(BytesView rest, std::size_t& length) {
  length = 1;
  if (rest.empty()) return false;
  switch (rest[0]) {
    case '"':
    case '\\':
    case 'b':
    case 't':
    case 'n':
    case 'f':
    case 'r': return true;
    case 'u': break;
    default: return false;
  }
  length = 5;
  if (rest.size() < length || rest.substr(1, 2) != "00") return false;
  if (rest[3] != '0' && rest[3] != '1') return false;
  const char digit = rest[4];
  if (!is_digit(digit) && (digit < 'a' || digit > 'f')) return false;
  const int low = is_digit(digit) ? digit - '0' : digit - 'a' + 10;
  return short_escape(static_cast<char>((rest[3] - '0') * 16 + low)) == 0;
}

// Takes a string in canonical form off the front, without its quotes.
bool take_canonical_string(BytesView& in, BytesView& content) {
  if (in.empty() || in[0] != '"') return false;
  for (std::size_t i = 1; i < in.size(); ++i) {
    if (in[i] == '"') {
      content = in.substr(1, i - 1);
      in.remove_prefix(i + 1);
      return true;
    }
    if (static_cast<unsigned char>(in[i]) < 0x20) return false;
    if (in[i] == '\\') {
      std::size_t length = 0;
      if (!is_canonical_escape(in.substr(i + 1), length)) return false;
      i += length;
    }
  }
  return false;
}

bool take(BytesView& in, char c) {
  if (in.empty() || in[0] != c) return false;
  in.remove_prefix(1);
  return true;
}

void skip_space(BytesView& in) {
  while (!in.empty() && (in[0] == ' ' || in[0] == '\t' || in[0] == '\n' || in[0] == '\r')) {
    in.remove_prefix(1);
  }
}

bool take_hex4(BytesView& in, std::uint32_t& unit) {
  if (in.size() < 4) return false;
  unit = 0;
  for (const char c : in.substr(0, 4)) {
    const char low = lower(c);
    if (!is_digit(low) && (low < 'a' || low > 'f')) return false;
    unit = unit * 16 + static_cast<std::uint32_t>(is_digit(low) ? low - '0' : low - 'a' + 10);
  }
  in.remove_prefix(4);
  return true;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](unsigned shift) {
    out.push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3f)));
  };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (point >> 6)));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | (point >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | (point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

// Behind "\u": one UTF-16 unit, or a pair of surrogates; a lone one has no UTF-8.
bool take_unicode_escape(BytesView& in, std::string& out) {
  std::uint32_t point = 0;
  if (!take_hex4(in, point)) return false;
  if (point >= 0xdc00 && point <= 0xdfff) return false;
  if (point >= 0xd800 && point <= 0xdbff) {
    std::uint32_t low = 0;
    if (!take(in, '\\') || !take(in, 'u') || !take_hex4(in, low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return false;
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }
  append_utf8(out, point);
  return true;
}

// Takes any JSON string off the front; `out` is what it says.
bool take_string(BytesView& in, std::string& out) {
  constexpr std::string_view escapes = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  if (!take(in, '"')) return false;
  while (!in.empty()) {
    const char c = in[0];
    in.remove_prefix(1);
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (c != '\\') {
      out.push_back(c);
      continue;
    }
    if (take(in, 'u')) {
      if (!take_unicode_escape(in, out)) return false;
      continue;
    }
    const std::size_t which = in.empty() ? escapes.npos : escapes.find(in[0]);
    if (which == escapes.npos) return false;
    out.push_back(meanings[which]);
    in.remove_prefix(1);
  }
  return false;
}

}  // namespace

Result<void> check_localized(BytesView text) {
  if (!is_utf8(text)) return bad_localized("it is not UTF-8");
  BytesView in = text;
  BytesView previous;
  if (!take(in, '{')) return bad_localized("it is no object in canonical form");
  do {
    BytesView tag;
    BytesView content;
    if (!take_canonical_string(in, tag) || !take(in, ':') || !take_canonical_string(in, content)) {
      return bad_localized("it is not in canonical form");
    }
    if (!is_canonical_tag(tag)) return bad_localized("it has a tag that is no language tag");
    if (!(previous < tag)) return bad_localized("its language tags do not ascend");
    previous = tag;
  } while (take(in, ','));
  if (!take(in, '}') || !in.empty()) return bad_localized("it is not in canonical form");
  return {};
}

Result<Bytes> canonical_localized(BytesView text) {
  if (!is_utf8(text)) return bad_localized("it is not UTF-8");
  std::map<std::string, std::string> languages;
  BytesView in = text;
  skip_space(in);
  if (!take(in, '{')) return bad_localized("it is no object");
  do {
    std::string tag;
    std::string content;
    skip_space(in);
    if (!take_string(in, tag)) return bad_localized("a language tag is missing");
    skip_space(in);
    if (!take(in, ':')) return bad_localized("a colon is missing");
    skip_space(in);
    if (!take_string(in, content)) return bad_localized("a text is missing");
    skip_space(in);
    if (!is_tag(tag)) return bad_localized("it has a tag that is no language tag");
    if (!languages.emplace(canonical_tag(tag), std::move(content)).second) {
      return bad_localized("it names a language twice");
    }
  } while (take(in, ','));
  if (!take(in, '}')) return bad_localized("its end is missing");
  skip_space(in);
  if (!in.empty()) return bad_localized("something follows it");

  Bytes out;
  for (const auto& [tag, content] : languages) {
    out.push_back(out.empty() ? '{' : ',');
    append_string(out, tag);
    out.push_back(':');
    append_string(out, content);
  }
  out.push_back('}');
  return out;
}

Bytes localized_texts(BytesView text) {
  std::string texts;
  BytesView in = text;
  bool more = take(in, '{');
  while (more) {
    std::string tag;
    if (!take_string(in, tag) || !take(in, ':') || !take_string(in, texts)) return Bytes(text);
    more = take(in, ',');
    if (more) texts.push_back('\n');
  }
  return take(in, '}') && in.empty() ? texts : Bytes(text);
}

}  // namespace rollcall
