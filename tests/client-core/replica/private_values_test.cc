#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "engine/storage/connection.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(PrivateValues, AreKeptInTheFileAndReplacedByName) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  EXPECT_EQ(need(phone->replica().private_value("sealing")), std::nullopt);
  need(phone->replica().keep_private("sealing", "one"));
  need(phone->replica().keep_private("other", "x"));
  need(phone->replica().keep_private("sealing", "two"));
  phone->restart();
  EXPECT_EQ(need(phone->replica().private_value("sealing")), "two");
  EXPECT_EQ(need(phone->replica().private_value("other")), "x");
}

TEST(PrivateValues, AreReadByNoQueryAndNeverSent) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  need(phone->replica().keep_private("sealing", "one"));
  EXPECT_FALSE(phone->replica().query("SELECT value FROM _private"));
  EXPECT_FALSE(phone->replica().query("SELECT (SELECT value FROM _private) FROM thing"));
  EXPECT_EQ(phone->status().pending, 0u);
}

TEST(PrivateValues, MakeTheirTableWithTheFirst) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  EXPECT_EQ(need(phone->replica().private_value("sealing")), std::nullopt);
  need(phone->replica().keep_private("sealing", "one"));
  EXPECT_EQ(need(phone->replica().private_value("sealing")), "one");
}

TEST(PrivateValues, AreErasedWithADeviceThatWasShutOut_F1) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  need(phone->replica().keep_private("sealing", "canary of a secret key"));
  const std::string path = phone->replica().path();
  const auto holds = [&] {
    phone->close();
    std::string all;
    for (const char* part : {"", "-wal"}) {
      std::ifstream file(path + part, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    phone->open();
    return all.find("canary of a secret key") != std::string::npos;
  };
  EXPECT_EQ(holds(), !Connection::encrypts()) << "the search finds it";
  need(world.space().revoke(phone->device(), false));
  phone->exchange();
  EXPECT_TRUE(phone->replica().is_erased());
  EXPECT_FALSE(phone->replica().private_value("sealing"));
  EXPECT_FALSE(holds());
}

}  // namespace
}  // namespace rollcall
