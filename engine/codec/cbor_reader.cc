#include "engine/codec/cbor_reader.h"

namespace rollcall {
namespace {

constexpr unsigned major_unsigned = 0;
constexpr unsigned major_negative = 1;
constexpr unsigned major_bytes = 2;
constexpr unsigned major_text = 3;
constexpr unsigned major_array = 4;
constexpr unsigned major_map = 5;
constexpr unsigned major_tag = 6;
constexpr unsigned major_simple = 7;
constexpr std::uint64_t simple_false = 20;
constexpr std::uint64_t simple_true = 21;
constexpr std::uint64_t simple_null = 22;
constexpr std::uint64_t integer_max = (std::uint64_t{1} << 63) - 1;

}  // namespace

std::string_view type_name(CborType type) {
  switch (type) {
    case CborType::integer: return "a whole number";
    case CborType::bytes: return "bytes";
    case CborType::text: return "text";
    case CborType::array: return "a list";
    case CborType::map: return "a map";
    case CborType::boolean: return "true or false";
    case CborType::null: return "null";
  }
  return "nothing known";
}

Error CborReader::refuse_at(std::size_t offset, ErrorCode code, std::string_view what) const {
  return failure(code, "CBOR, byte " + std::to_string(offset) + ": " + std::string(what));
}

Error CborReader::refuse(ErrorCode code, std::string_view what) const {
  return refuse_at(at_, code, what);
}

Error CborReader::wrong_type(std::string_view wanted, std::size_t offset) const {
  return refuse_at(offset, ErrorCode::wrong_type, "expected " + std::string(wanted));
}

Result<CborReader::Head> CborReader::head() {
  const std::size_t start = at_;
  if (at_ >= in_.size()) return refuse(ErrorCode::truncated, "ends where an item should begin");
  const auto first = static_cast<std::uint8_t>(in_[at_]);
  const unsigned major = first >> 5;
  const unsigned info = first & 31;
  if (major == major_tag) return refuse(ErrorCode::malformed, "tags are not used here");
  if (info < 24) {
    if (major == major_simple && (info < simple_false || info > simple_null)) {
      return refuse(ErrorCode::malformed, "a simple value that is neither true, false nor null");
    }
    ++at_;
    return Head{major, info, start};
  }
  if (info > 27 || major == major_simple) {
    if (info == 31) return refuse(ErrorCode::not_canonical, "indefinite lengths are not used here");
    if (major == major_simple && info > 24) {
      return refuse(ErrorCode::malformed, "floating-point numbers are not used here");
    }
    return refuse(ErrorCode::malformed, "a byte that begins no item");
  }
  const std::size_t width = std::size_t{1} << (info - 24);
  if (in_.size() - at_ - 1 < width) {
    return refuse(ErrorCode::truncated, "ends in the middle of a number");
  }
  std::uint64_t argument = 0;
  for (std::size_t i = 1; i <= width; ++i) {
    argument = (argument << 8) | static_cast<std::uint8_t>(in_[at_ + i]);
  }
  const std::uint64_t least = width == 1 ? 24 : std::uint64_t{1} << (4 * width);
  if (argument < least) {
    return refuse(ErrorCode::not_canonical, "a number or length is not in its shortest form");
  }
  at_ += 1 + width;
  return Head{major, argument, start};
}

Result<CborReader::Head> CborReader::head_of(unsigned major, std::string_view wanted) {
  ROLLCALL_TRY_ASSIGN(const Head found, head());
  if (found.major != major) return wrong_type(wanted, found.start);
  return found;
}

Result<void> CborReader::done(std::size_t start, bool is_container) {
  if (depth_ == 0) return {};
  Level& level = levels_[depth_ - 1];
  --level.items_left;
  if (level.is_map && level.items_left % 2 == 1) {
    if (is_container) return refuse_at(start, ErrorCode::malformed, "a map key is a container");
    const BytesView key = in_.substr(start, at_ - start);
    if (!level.last_key.empty() && key <= level.last_key) {
      return key == level.last_key
                 ? refuse_at(start, ErrorCode::duplicate_key, "a map has the same key twice")
                 : refuse_at(start, ErrorCode::not_canonical, "a map's keys are not in order");
    }
    level.last_key = key;
  }
  if (!is_container) {
    while (depth_ > 0 && levels_[depth_ - 1].items_left == 0) --depth_;
  }
  return {};
}

Result<BytesView> CborReader::string_of(const Head& head) {
  if (head.argument > in_.size() - at_) {
    return refuse_at(head.start, ErrorCode::truncated, "is longer than what is left");
  }
  const BytesView content = in_.substr(at_, static_cast<std::size_t>(head.argument));
  if (head.major == major_text && !is_utf8(content)) {
    return refuse_at(head.start, ErrorCode::not_utf8, "text is not UTF-8");
  }
  at_ += content.size();
  ROLLCALL_TRY(done(head.start, false));
  return content;
}

Result<std::size_t> CborReader::open(const Head& head) {
  const bool is_map = head.major == major_map;
  const std::uint64_t left = in_.size() - at_;
  if (head.argument > (is_map ? left / 2 : left)) {
    return refuse_at(head.start, ErrorCode::truncated, "has more items than bytes are left");
  }
  if (depth_ == codec_depth_max) {
    return refuse_at(head.start, ErrorCode::too_deep,
                     "more than " + std::to_string(codec_depth_max) + " containers deep");
  }
  const bool is_empty = head.argument == 0;
  ROLLCALL_TRY(done(head.start, true));
  if (is_empty) {
    while (depth_ > 0 && levels_[depth_ - 1].items_left == 0) --depth_;
  } else {
    levels_[depth_++] = Level{is_map ? head.argument * 2 : head.argument, is_map, {}};
  }
  return static_cast<std::size_t>(head.argument);
}

Result<ValueView> CborReader::value_of(const Head& head) {
  ValueView value;
  switch (head.major) {
    case major_unsigned:
    case major_negative:
      if (head.argument > integer_max) {
        return refuse_at(head.start, ErrorCode::bad_value, "a whole number is wider than 64 bits");
      }
      value = ValueView::of_integer(head.major == major_unsigned
                                        ? static_cast<std::int64_t>(head.argument)
                                        : -1 - static_cast<std::int64_t>(head.argument));
      break;
    case major_bytes: {
      ROLLCALL_TRY_ASSIGN(const BytesView content, string_of(head));
      return ValueView::of_bytes(content);
    }
    case major_text: {
      ROLLCALL_TRY_ASSIGN(const BytesView content, string_of(head));
      return ValueView::of_text(content);
    }
    case major_simple:
      if (head.argument != simple_null) value = ValueView::of_boolean(head.argument == simple_true);
      break;
    default: return wrong_type("a value, found a container", head.start);
  }
  ROLLCALL_TRY(done(head.start, false));
  return value;
}

Result<CborType> CborReader::peek() const {
  if (at_ >= in_.size()) return refuse(ErrorCode::truncated, "ends where an item should begin");
  const auto first = static_cast<std::uint8_t>(in_[at_]);
  switch (first >> 5) {
    case major_unsigned:
    case major_negative: return CborType::integer;
    case major_bytes: return CborType::bytes;
    case major_text: return CborType::text;
    case major_array: return CborType::array;
    case major_map: return CborType::map;
    default: break;
  }
  if (first == 0xf4 || first == 0xf5) return CborType::boolean;
  if (first == 0xf6) return CborType::null;
  return refuse(ErrorCode::malformed, "a byte that begins no item");
}

Result<std::uint64_t> CborReader::unsigned_integer() {
  ROLLCALL_TRY_ASSIGN(const Head found, head_of(major_unsigned, "a whole number, not negative"));
  ROLLCALL_TRY(done(found.start, false));
  return found.argument;
}

Result<std::int64_t> CborReader::integer() {
  ROLLCALL_TRY_ASSIGN(const Head found, head());
  if (found.major != major_unsigned && found.major != major_negative) {
    return wrong_type("a whole number", found.start);
  }
  ROLLCALL_TRY_ASSIGN(const ValueView value, value_of(found));
  return value.integer;
}

Result<bool> CborReader::boolean() {
  ROLLCALL_TRY_ASSIGN(const Head found, head_of(major_simple, "true or false"));
  if (found.argument == simple_null) return wrong_type("true or false", found.start);
  ROLLCALL_TRY(done(found.start, false));
  return found.argument == simple_true;
}

Result<void> CborReader::null() {
  ROLLCALL_TRY_ASSIGN(const Head found, head_of(major_simple, "null"));
  if (found.argument != simple_null) return wrong_type("null", found.start);
  return done(found.start, false);
}

Result<BytesView> CborReader::text() {
  ROLLCALL_TRY_ASSIGN(const Head found, head_of(major_text, "text"));
  return string_of(found);
}

Result<BytesView> CborReader::bytes() {
  ROLLCALL_TRY_ASSIGN(const Head found, head_of(major_bytes, "bytes"));
  return string_of(found);
}

Result<ValueView> CborReader::value() {
  ROLLCALL_TRY_ASSIGN(const Head found, head());
  return value_of(found);
}

Result<std::size_t> CborReader::array() {
  ROLLCALL_TRY_ASSIGN(const Head found, head_of(major_array, "a list"));
  return open(found);
}

Result<std::size_t> CborReader::map() {
  ROLLCALL_TRY_ASSIGN(const Head found, head_of(major_map, "a map"));
  return open(found);
}

Result<void> CborReader::skip() {
  const std::size_t outer = depth_;
  do {
    ROLLCALL_TRY_ASSIGN(const Head found, head());
    if (found.major == major_array || found.major == major_map) {
      ROLLCALL_TRY(open(found));
    } else if (found.major == major_bytes || found.major == major_text) {
      ROLLCALL_TRY(string_of(found));
    } else {
      ROLLCALL_TRY(done(found.start, false));
    }
    // Reading the last item of a level closes it, so what this item opened is closed again here.
  } while (depth_ > outer);
  return {};
}

Result<BytesView> CborReader::raw() {
  const std::size_t start = at_;
  ROLLCALL_TRY(skip());
  return in_.substr(start, at_ - start);
}

Result<void> CborReader::end() const {
  if (depth_ > 0) return refuse(ErrorCode::truncated, "ends in the middle of a list or map");
  if (at_ != in_.size()) return refuse(ErrorCode::trailing_bytes, "more follows after the end");
  return {};
}

}  // namespace rollcall
