#include "engine/codec/cbor_archive.h"

namespace rollcall {

void CborOut::open_field(std::uint64_t key) {
  ROLLCALL_CHECK(key >= map_.next_key);
  map_.next_key = key + 1;
  ++map_.pairs;
  writer_.unsigned_integer(key);
}

void CborOut::close_map() {
  if (map_.pairs < 24) {
    out_[map_.start] = static_cast<char>(0xa0 | map_.pairs);
    return;
  }
  Bytes head;
  CborWriter(head).map(map_.pairs);
  out_.replace(map_.start, 1, head);
}

void CborIn::open_map() {
  map_ = Map{};
  if (error_) return;
  const auto pairs = reader_.map();
  if (!pairs) return refuse(pairs.error());
  map_.pairs = map_.pairs_left = *pairs;
}

bool CborIn::skip_unknown() {
  if (unknown_left_ == 0) {
    refuse(reader_.refuse(ErrorCode::limit, "too many fields that this version does not know"));
    return false;
  }
  --unknown_left_;
  map_.key.reset();
  if (auto skipped = reader_.skip(); !skipped) {
    refuse(std::move(skipped).error());
    return false;
  }
  return true;
}

bool CborIn::at_field(std::uint64_t key) {
  while (!error_) {
    if (!map_.key) {
      if (map_.pairs_left == 0) return false;
      const auto next = reader_.unsigned_integer();
      if (!next) {
        refuse(next.error());
        return false;
      }
      --map_.pairs_left;
      map_.key = *next;
    }
    if (*map_.key > key) return false;
    if (*map_.key == key) {
      map_.key.reset();
      return true;
    }
    if (!skip_unknown()) return false;
  }
  return false;
}

void CborIn::skip_rest() {
  while (!error_) {
    if (map_.key) {
      if (!skip_unknown()) return;
      continue;
    }
    if (map_.pairs_left == 0) return;
    // A key beyond all that were described: never this one, so it is skipped on the way.
    if (at_field(~std::uint64_t{0})) map_.key = ~std::uint64_t{0};
  }
}

void CborIn::name_error(std::string_view name) {
  error_->message.insert(0, std::string(name) + ": ");
}

std::optional<BytesView> CborIn::fixed(std::size_t size) {
  const auto content = reader_.bytes();
  if (!content) {
    refuse(content.error());
    return std::nullopt;
  }
  if (content->size() != size) {
    refuse(reader_.refuse(ErrorCode::wrong_type, "expected " + std::to_string(size) + " bytes"));
    return std::nullopt;
  }
  return *content;
}

Error CborIn::too_wide() const {
  return reader_.refuse(ErrorCode::bad_value, "a whole number is too large for its field");
}

Result<void> CborIn::finish() {
  if (error_) return *error_;
  return reader_.end();
}

}  // namespace rollcall
