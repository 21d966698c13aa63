#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "server/limit_counts.h"
#include "server/limits.h"

namespace boost::asio::ip {
class address;
}

namespace rollcall {

// Where somebody comes from: an IPv4 address, or the first 64 bits of an IPv6 one, since whoever
// has one of these has all behind it.
class AddressKey {
 public:
  AddressKey() = default;
  static AddressKey of(const boost::asio::ip::address& address);
  bool operator==(const AddressKey&) const = default;

 private:
  friend class AddressBook;
  explicit AddressKey(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

// How much one address may do.
struct AddressAllowance {
  std::size_t strangers = address_strangers_max;
  std::int64_t connects = address_connects_max;
  std::int64_t connects_a_minute = address_connects_a_minute;
  std::int64_t refusals = address_refusals_max;
  std::int64_t refusals_a_minute = address_refusals_a_minute;
  std::size_t held = address_held_bytes_max;
  bool operator==(const AddressAllowance&) const = default;
};

// What each address has open and did of late, of those who have not proved who they are. Any
// thread.
class AddressBook {
 public:
  explicit AddressBook(const AddressAllowance& allowance) : allowance_(allowance) {}

  // A connection came. Nothing: it is a stranger's, and the caller ends it with `leave`. Else the
  // limit that it would go over.
  std::optional<Limit> enter(AddressKey address, std::int64_t steady_ms);
  // A stranger's connection ended, or proved who it is.
  void leave(AddressKey address);
  // A stranger, who has not left, promises a body of so many bytes; false: its address has promised
  // as much as it may. `give_back` when the body is done with.
  bool hold(AddressKey address, std::size_t bytes);
  void give_back(AddressKey address, std::size_t bytes);
  // A stranger's request was refused.
  void refused(AddressKey address, std::int64_t steady_ms);
  // How long its strangers have to wait, in ms; 0: they are heard.
  std::int64_t wait_ms(AddressKey address, std::int64_t steady_ms);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Bucket {
    std::int64_t used = 0;
    std::int64_t at_ms = 0;
    void refill(std::int64_t a_minute, std::int64_t steady_ms);
  };
  struct Entry {
    std::size_t strangers = 0;
    std::size_t held = 0;
    Bucket connects;
    Bucket refusals;
  };
  Entry& entry(AddressKey address, std::int64_t steady_ms);
  void forget_idle(std::int64_t steady_ms);

  const AddressAllowance allowance_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::size_t look_at_ = 1024;  // entries at which idle ones are looked for
};

}  // namespace rollcall
