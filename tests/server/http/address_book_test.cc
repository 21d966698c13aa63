#include "server/http/address_book.h"

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

namespace rollcall {
namespace {

AddressKey key(const char* text) { return AddressKey::of(boost::asio::ip::make_address(text)); }

constexpr AddressAllowance small{
    .strangers = 2, .connects = 4, .connects_a_minute = 60, .refusals = 3, .refusals_a_minute = 60};

TEST(AddressBook, TellsAddressesApartAndTakesANetworkOfV6AsOne) {
  EXPECT_NE(key("192.0.2.1"), key("192.0.2.2"));
  EXPECT_EQ(key("192.0.2.1"), key("::ffff:192.0.2.1"));
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::1"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

TEST(AddressBook, HoldsAnAddressToItsStrangersUntilTheyProveThemselvesOrGo_G14) {
  AddressBook book(small);
  const AddressKey hall = key("192.0.2.1");
  EXPECT_FALSE(book.enter(hall, 0));
  EXPECT_FALSE(book.enter(hall, 0));
  EXPECT_EQ(book.enter(hall, 0), Limit::address_strangers);
  EXPECT_FALSE(book.enter(key("192.0.2.2"), 0));
  book.leave(hall);
  EXPECT_FALSE(book.enter(hall, 0));
}

TEST(AddressBook, HoldsAnAddressToItsRateOfConnections_G14) {
  AddressBook book(small);
  const AddressKey hall = key("192.0.2.1");
  for (std::int64_t i = 0; i < small.connects; ++i) {
    EXPECT_FALSE(book.enter(hall, 0));
    book.leave(hall);
  }
  EXPECT_EQ(book.enter(hall, 999), Limit::address_connects);
  EXPECT_FALSE(book.enter(hall, 1'000));
  EXPECT_EQ(book.enter(hall, 1'000), Limit::address_connects);
}

TEST(AddressBook, MakesAnAddressWaitWhoseRequestsAreRefused_G16) {
  AddressBook book(small);
  const AddressKey guesser = key("192.0.2.1");
  for (std::int64_t i = 0; i < small.refusals; ++i) {
    EXPECT_EQ(book.wait_ms(guesser, 0), 0);
    book.refused(guesser, 0);
  }
  EXPECT_EQ(book.wait_ms(guesser, 0), 1'000);
  EXPECT_EQ(book.wait_ms(key("192.0.2.2"), 0), 0);
  EXPECT_EQ(book.wait_ms(guesser, 1'000), 0);
  // However much was refused, the wait has an end.
  for (int i = 0; i < 1'000; ++i) book.refused(guesser, 1'000);
  EXPECT_LE(book.wait_ms(guesser, 1'000), 4'000);
}

TEST(AddressBook, ForgetsWhoWaitsForNothing_G14) {
  AddressBook book(small);
  const auto numbered = [](std::uint32_t number) {
    return AddressKey::of(boost::asio::ip::address_v4(number));
  };
  EXPECT_FALSE(book.enter(numbered(0), 0));
  for (std::uint32_t i = 1; i <= 3 * addresses_max; ++i) {
    EXPECT_FALSE(book.enter(numbered(i), 0));
    book.leave(numbered(i));
    ASSERT_LE(book.size(), addresses_max);
  }
  // Ten minutes later there is room to forget; who is still here stays.
  for (std::uint32_t i = 1; i <= 2 * addresses_max; ++i) {
    EXPECT_FALSE(book.enter(numbered(i), 600'000 + i));
    book.leave(numbered(i));
  }
  EXPECT_LT(book.size(), addresses_max);
  EXPECT_FALSE(book.enter(numbered(0), 10'000'000));
  EXPECT_EQ(book.enter(numbered(0), 10'000'000), Limit::address_strangers);
}

}  // namespace
}  // namespace rollcall
