#include "server/http/address_book.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

#include "engine/base/check.h"

namespace rollcall {
namespace asio = boost::asio;

AddressKey AddressKey::of(const asio::ip::address& address) {
  std::uint64_t bits = 0;
  if (address.is_v4() || address.to_v6().is_v4_mapped()) {
    const asio::ip::address_v4 v4 =
        address.is_v4() ? address.to_v4()
                        : asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    // Among the multicast addresses, from which nobody comes.
    bits = (std::uint64_t{0xff} << 56) | v4.to_uint();
  } else {
    const auto bytes = address.to_v6().to_bytes();
    for (std::size_t i = 0; i < 8; ++i) bits = bits << 8 | bytes[i];
  }
  return AddressKey(bits);
}

void AddressBook::Bucket::refill(std::int64_t a_minute, std::int64_t steady_ms) {
  const std::int64_t back = (steady_ms - at_ms) * a_minute / 60'000;
  used = std::max<std::int64_t>(used - back, 0);
  at_ms += back * 60'000 / a_minute;  // parts are left for the next time
}

AddressBook::Entry& AddressBook::entry(AddressKey address, std::int64_t steady_ms) {
  if (entries_.size() >= look_at_ && !entries_.contains(address.bits_)) forget_idle(steady_ms);
  const auto [at, is_new] = entries_.try_emplace(address.bits_);
  if (is_new) at->second.connects.at_ms = at->second.refusals.at_ms = steady_ms;
  at->second.connects.refill(allowance_.connects_a_minute, steady_ms);
  at->second.refusals.refill(allowance_.refusals_a_minute, steady_ms);
  return at->second;
}

void AddressBook::forget_idle(std::int64_t steady_ms) {
  const auto is_full = [&](Bucket bucket, std::int64_t a_minute) {
    bucket.refill(a_minute, steady_ms);
    return bucket.used == 0;
  };
  const auto is_idle = [&](const auto& one) {
    const Entry& entry = one.second;
    return entry.strangers == 0 && is_full(entry.connects, allowance_.connects_a_minute) &&
           is_full(entry.refusals, allowance_.refusals_a_minute);
  };
  std::erase_if(entries_, is_idle);
  if (entries_.size() >= addresses_max) {
    std::erase_if(entries_, [](const auto& one) { return one.second.strangers == 0; });
  }
  look_at_ = std::max<std::size_t>(1024, std::min(2 * entries_.size(), addresses_max));
}

std::optional<Limit> AddressBook::enter(AddressKey address, std::int64_t steady_ms) {
  const std::lock_guard lock(mutex_);
  Entry& one = entry(address, steady_ms);
  if (one.connects.used >= allowance_.connects) return Limit::address_connects;
  if (one.strangers >= allowance_.strangers) return Limit::address_strangers;
  ++one.connects.used;
  ++one.strangers;
  return std::nullopt;
}

void AddressBook::leave(AddressKey address) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(address.bits_);
  ROLLCALL_CHECK(at != entries_.end());
  ROLLCALL_CHECK(at->second.strangers > 0);
  --at->second.strangers;
}

bool AddressBook::hold(AddressKey address, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(address.bits_);
  ROLLCALL_CHECK(at != entries_.end());
  ROLLCALL_CHECK(at->second.strangers > 0);
  if (bytes > allowance_.held - std::min(at->second.held, allowance_.held)) return false;
  at->second.held += bytes;
  return true;
}

void AddressBook::give_back(AddressKey address, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(address.bits_);
  ROLLCALL_CHECK(at != entries_.end());
  ROLLCALL_CHECK(at->second.held >= bytes);
  at->second.held -= bytes;
}

void AddressBook::refused(AddressKey address, std::int64_t steady_ms) {
  const std::lock_guard lock(mutex_);
  Entry& one = entry(address, steady_ms);
  one.refusals.used = std::min(one.refusals.used + 1, 2 * allowance_.refusals);
}

std::int64_t AddressBook::wait_ms(AddressKey address, std::int64_t steady_ms) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(address.bits_);
  if (at == entries_.end()) return 0;
  Bucket& bucket = at->second.refusals;
  bucket.refill(allowance_.refusals_a_minute, steady_ms);
  const std::int64_t over = bucket.used - allowance_.refusals;
  return over < 0 ? 0 : (over + 1) * 60'000 / allowance_.refusals_a_minute;
}

std::size_t AddressBook::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace rollcall
