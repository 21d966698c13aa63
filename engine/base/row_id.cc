#include "engine/base/row_id.h"

#include <algorithm>

#include "engine/base/random.h"
#include "engine/base/sha1.h"

namespace rollcall {
namespace {

constexpr std::uint64_t tail_mask = (std::uint64_t{1} << 62) - 1;
constexpr std::uint64_t tail_step_max = std::uint64_t{1} << 20;

}  // namespace

RowId RowId::from_bytes(BytesView view) {
  ROLLCALL_CHECK(view.size() == size_bytes);
  RowId id;
  std::copy(view.begin(), view.end(), id.bytes.begin());
  return id;
}

Result<RowId> RowId::parse(std::string_view text) {
  const auto refuse = [&] {
    return failure(ErrorCode::malformed,
                   "\"" + std::string(text.substr(0, 40)) +
                       "\" is not a row id: write 32 hex digits as 8-4-4-4-12");
  };
  if (text.size() != 36) return refuse();
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return refuse();
    if (!dash) digits.push_back(text[i]);
  }
  auto bytes = from_hex(digits);
  if (!bytes) return refuse();
  return from_bytes(*bytes);
}

RowId RowId::derive(const RowId& name_space, BytesView name) {
  Bytes message(name_space.view());
  message.append(name);
  const auto digest = sha1(message);
  RowId id;
  for (std::size_t i = 0; i < size_bytes; ++i) id.bytes[i] = static_cast<char>(digest[i]);
  id.bytes[6] = static_cast<char>((digest[6] & 0x0f) | 0x50);
  id.bytes[8] = static_cast<char>((digest[8] & 0x3f) | 0x80);
  return id;
}

std::string RowId::text() const {
  std::string out = to_hex(view());
  for (const std::size_t at : {8, 13, 18, 23}) out.insert(at, 1, '-');
  return out;
}

RowId RowIdSource::next(std::int64_t now_ms) {
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(now_ms, 0));
  if (now > last_ms_) {
    last_ms_ = now;
    tail_high_ = static_cast<std::uint16_t>(random_.next() & 0x7ff);  // top bit free: room to rise
    tail_ = random_.next() & tail_mask;
  } else {
    const std::uint64_t step = 1 + random_.below(tail_step_max);
    if (tail_ + step > tail_mask) {
      if (++tail_high_ > 0xfff) {
        ++last_ms_;
        tail_high_ = 0;
      }
    }
    tail_ = (tail_ + step) & tail_mask;
  }
  Bytes bytes;
  bytes.reserve(RowId::size_bytes);
  put_u64(bytes, (last_ms_ << 16) | 0x7000 | tail_high_);
  put_u64(bytes, (std::uint64_t{2} << 62) | tail_);
  return RowId::from_bytes(bytes);
}

}  // namespace rollcall
