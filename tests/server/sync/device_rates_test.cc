#include "server/sync/device_rates.h"

#include <gtest/gtest.h>

#include "server/sync/limits.h"

namespace rollcall {
namespace {

constexpr DeviceNumber ann(1);
constexpr DeviceNumber bob(2);

TEST(DeviceRates, WhoReadsEverythingInALoopWaitsAndNobodyElse_G15) {
  DeviceRates rates;
  std::int64_t now = 5'000;
  EXPECT_FALSE(rates.limited(ann, now).has_value());
  rates.charge(ann, DeviceRate::sent, device_sent_bytes_max, now);
  EXPECT_FALSE(rates.limited(ann, now).has_value()) << "as much as that is allowed";
  rates.charge(ann, DeviceRate::sent, 10 * device_sent_bytes_per_s, now);
  const auto limited = rates.limited(ann, now);
  ASSERT_TRUE(limited.has_value());
  EXPECT_EQ(limited->rate, DeviceRate::sent);
  EXPECT_EQ(limited->wait_ms, 11'000);
  EXPECT_FALSE(rates.limited(bob, now).has_value());
  now += 9'000;
  EXPECT_TRUE(rates.limited(ann, now).has_value());
  now += 2'000;
  EXPECT_FALSE(rates.limited(ann, now).has_value());
}

TEST(DeviceRates, ADayOfPushesAndOfRejectedOnesHasAnEnd_G21) {
  DeviceRates rates;
  rates.charge(ann, DeviceRate::pushed, device_pushed_bytes_a_day / 2, 0);
  rates.charge(ann, DeviceRate::refused, device_refused_bytes_a_day + 1, 0);
  const auto limited = rates.limited(ann, 0);
  ASSERT_TRUE(limited.has_value());
  EXPECT_EQ(limited->rate, DeviceRate::refused);
  EXPECT_FALSE(rates.limited(ann, 2'000).has_value());
  rates.charge(ann, DeviceRate::pushed, device_pushed_bytes_a_day, 2'000);
  ASSERT_TRUE(rates.limited(ann, 2'000).has_value());
  EXPECT_EQ(rates.limited(ann, 2'000)->rate, DeviceRate::pushed);
  EXPECT_FALSE(rates.limited(ann, 86'400'000).has_value()) << "another day";
}

TEST(DeviceRates, PartsOfASecondAreNotLost) {
  DeviceRates rates;
  rates.charge(ann, DeviceRate::sent, device_sent_bytes_max + 2 * device_sent_bytes_per_s, 0);
  for (std::int64_t now = 0; now < 2'100; now += 100) static_cast<void>(rates.limited(ann, now));
  EXPECT_FALSE(rates.limited(ann, 2'100).has_value());
}

}  // namespace
}  // namespace rollcall
