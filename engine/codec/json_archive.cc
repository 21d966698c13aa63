#include "engine/codec/json_archive.h"

#include <charconv>

namespace rollcall {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"': out.append("\\\""); return;
    case '\\': out.append("\\\\"); return;
    case '\n': out.append("\\n"); return;
    case '\r': out.append("\\r"); return;
    case '\t': out.append("\\t"); return;
    default: break;
  }
  if (static_cast<std::uint8_t>(c) >= 0x20) {
    out.push_back(c);
    return;
  }
  out.append("\\u00");
  out.push_back(hex[static_cast<std::uint8_t>(c) >> 4]);
  out.push_back(hex[static_cast<std::uint8_t>(c) & 15]);
}

}  // namespace

void JsonOut::text(std::string_view utf8) {
  out_.push_back('"');
  for (const char c : utf8) append_escaped(out_, c);
  out_.push_back('"');
}

void JsonOut::base64(BytesView content) {
  out_.push_back('"');
  out_.append(to_base64(content));
  out_.push_back('"');
}

void JsonOut::unsigned_integer(std::uint64_t number) {
  const bool is_exact = number <= static_cast<std::uint64_t>(json_exact_max);
  if (!is_exact) out_.push_back('"');
  out_.append(std::to_string(number));
  if (!is_exact) out_.push_back('"');
}

void JsonOut::integer(std::int64_t number) {
  if (number >= 0) return unsigned_integer(static_cast<std::uint64_t>(number));
  const bool is_exact = number >= -json_exact_max;
  if (!is_exact) out_.push_back('"');
  out_.append(std::to_string(number));
  if (!is_exact) out_.push_back('"');
}

void JsonOut::error_code(ErrorCode code) {
  const std::string_view name = error_name(code);
  if (error_of_name(name) == code) return text(name);
  integer(static_cast<std::int32_t>(code));
}

void JsonOut::value(const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: out_.append("null"); return;
    case ValueKind::boolean: out_.append(value.integer != 0 ? "true" : "false"); return;
    case ValueKind::text: return text(value.bytes);
    case ValueKind::bytes:
      out_.append("{\"bytes\":");
      base64(value.bytes);
      out_.push_back('}');
      return;
    case ValueKind::integer: break;
  }
  const bool is_exact = value.integer >= -json_exact_max && value.integer <= json_exact_max;
  if (!is_exact) out_.append("{\"integer\":");
  integer(value.integer);
  if (!is_exact) out_.push_back('}');
}

void JsonIn::refuse(ErrorCode code, std::string_view what) {
  if (!error_) error_ = failure(code, std::string(what));
}

void JsonIn::name_error(std::string_view name) {
  error_->message.insert(0, std::string(name) + ": ");
}

bool JsonIn::expect(const Node& node, Kind kind, std::string_view wanted) {
  if (error_) return false;
  if (node.kind == kind) return true;
  refuse(ErrorCode::wrong_type, "expected " + std::string(wanted));
  return false;
}

void JsonIn::close_message(std::size_t place) {
  if (error_) return;
  const std::size_t unknown = document_.node(place).children - known_;
  if (unknown > unknown_left_) {
    return refuse(ErrorCode::limit, "too many fields that this version does not know");
  }
  unknown_left_ -= unknown;
}

bool JsonIn::whole_number(const Node& node, bool& is_negative, std::uint64_t& bits) {
  if (node.kind == Kind::integer) {
    is_negative = node.is_negative;
    bits = node.number;
    return true;
  }
  if (!expect(node, Kind::text, "a whole number")) return false;
  const char* const begin = node.text.data();
  const char* const end = begin + node.text.size();
  is_negative = begin != end && *begin == '-';
  std::from_chars_result parsed{};
  if (is_negative) {
    std::int64_t number = 0;
    parsed = std::from_chars(begin, end, number);
    bits = static_cast<std::uint64_t>(number);
  } else {
    parsed = std::from_chars(begin, end, bits);
  }
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    refuse(ErrorCode::bad_value, "a text that is not a whole number of 64 bits");
    return false;
  }
  return true;
}

void JsonIn::base64(const Node& node, Bytes& content) {
  if (!expect(node, Kind::text, "base64url text")) return;
  auto decoded = from_base64(node.text);
  if (!decoded) return refuse(decoded.error().code, decoded.error().message);
  content = std::move(*decoded);
}

bool JsonIn::fixed(const Node& node, std::size_t size, Bytes& content) {
  base64(node, content);
  if (error_) return false;
  if (content.size() == size) return true;
  refuse(ErrorCode::wrong_type, "expected " + std::to_string(size) + " bytes");
  return false;
}

void JsonIn::row_id(const Node& node, RowId& id) {
  if (!expect(node, Kind::text, "a UUID")) return;
  const auto parsed = RowId::parse(node.text);
  if (!parsed) return refuse(parsed.error().code, parsed.error().message);
  id = *parsed;
}

void JsonIn::error_code(const Node& node, ErrorCode& code) {
  std::int32_t number = 0;
  if (node.kind == Kind::integer) {
    read_integer(node, number);
    code = static_cast<ErrorCode>(number);
    return;
  }
  if (!expect(node, Kind::text, "an error's name")) return;
  const auto named = error_of_name(node.text);
  if (!named) return refuse(ErrorCode::bad_value, "names no error");
  code = *named;
}

void JsonIn::value(std::size_t place, Value& value) {
  const Node& node = document_.node(place);
  switch (node.kind) {
    case Kind::null: value = Value(); return;
    case Kind::boolean: value = Value::boolean(node.number != 0); return;
    case Kind::text: value = Value::text(node.text); return;
    case Kind::list: return refuse(ErrorCode::wrong_type, "expected a value, found a list");
    case Kind::integer: {
      std::int64_t number = 0;
      read_integer(node, number);
      value = Value::integer(number);
      return;
    }
    case Kind::object: break;
  }
  const auto integer = document_.member(place, "integer");
  const auto content = document_.member(place, "bytes");
  if (node.children != 1 || (!integer && !content)) {
    return refuse(ErrorCode::wrong_type, "a value is written {\"integer\"} or {\"bytes\"}");
  }
  if (integer) {
    std::int64_t number = 0;
    read_integer(document_.node(*integer), number);
    value = Value::integer(number);
  } else {
    Bytes decoded;
    base64(document_.node(*content), decoded);
    value = Value::bytes(decoded);
  }
}

}  // namespace rollcall
