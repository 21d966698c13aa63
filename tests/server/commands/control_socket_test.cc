#include "server/commands/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"
#include "tests/engine/base/temp_folder.h"

namespace rollcall {
namespace {

ControlReply echo(const ControlRequest& request) {
  ControlReply reply;
  reply.message = request.label;
  return reply;
}

ControlRequest labelled(std::string label) {
  ControlRequest request;
  request.kind = ControlKind::invite;
  request.label = std::move(label);
  return request;
}

class ControlSocketTest : public ::testing::Test {
 protected:
  void listen(ControlServer::Perform perform = echo, ControlPatience patience = {}) {
    auto server = ControlServer::listen(path_, std::move(perform), patience);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }
  int raw() const {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return socket;
  }

  TempFolder temp_;
  std::string path_ = temp_.file("control.sock");
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlSocketTest, IsReachedByItsOwnerOnlyAndGoesWithItsServer) {
  EXPECT_FALSE(ControlClient::connect(path_).has_value());
  listen();
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  server_.reset();
  EXPECT_NE(::stat(path_.c_str(), &status), 0);
}

TEST_F(ControlSocketTest, AnswersManyRequestsOfManyCommands) {
  listen();
  std::vector<std::thread> commands;
  for (int i = 0; i < 8; ++i) {
    commands.emplace_back([this, i] {
      auto client = ControlClient::connect(path_);
      ASSERT_TRUE(client.has_value());
      for (int n = 0; n < 20; ++n) {
        const std::string label = std::to_string(i) + "/" + std::to_string(n);
        const auto reply = client->ask(labelled(label));
        ASSERT_TRUE(reply.has_value());
        EXPECT_EQ(reply->message, label);
      }
    });
  }
  for (std::thread& command : commands) command.join();
}

TEST_F(ControlSocketTest, TakesThePlaceOfASocketThatIsDead) {
  listen();
  auto second = ControlServer::listen(path_, echo);
  ASSERT_TRUE(second.has_value()) << "whoever holds the folder's lock may";
  auto client = ControlClient::connect(path_);
  ASSERT_TRUE(client.has_value());
  EXPECT_TRUE(client->ask(labelled("x")).has_value());
}

TEST_F(ControlSocketTest, ClosesAConnectionThatSaysNonsenseAndServesTheOthers) {
  listen();
  for (const std::string& nonsense :
       {std::string("\xff\xff\xff\xff", 4), std::string("\0\0\0\1\xff", 5)}) {
    const int socket = raw();
    ASSERT_EQ(::send(socket, nonsense.data(), nonsense.size(), 0),
              static_cast<ssize_t>(nonsense.size()));
    char byte;
    EXPECT_EQ(::recv(socket, &byte, 1, 0), 0) << "closed without an answer";
    ::close(socket);
  }
  auto client = ControlClient::connect(path_);
  ASSERT_TRUE(client.has_value());
  EXPECT_EQ(client->ask(labelled("still here"))->message, "still here");
}

TEST_F(ControlSocketTest, EndsWhileACommandIsConnected) {
  listen();
  auto client = ControlClient::connect(path_);
  ASSERT_TRUE(client.has_value());
  ASSERT_TRUE(client->ask(labelled("x")).has_value());
  server_.reset();
  const auto reply = client->ask(labelled("y"));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, ErrorCode::unreachable);
}

TEST_F(ControlSocketTest, CutsOffACommandThatDoesNotFinishItsMessage) {
  listen(echo, {.receive_ms = 20});
  const int socket = raw();
  ASSERT_EQ(::send(socket, "\0\0", 2, 0), 2);
  char byte;
  EXPECT_EQ(::recv(socket, &byte, 1, 0), 0) << "closed without an answer";
  ::close(socket);
}

TEST_F(ControlSocketTest, CutsOffACommandThatSaysNothing) {
  listen(echo, {.idle_ms = 20});
  const int socket = raw();
  char byte;
  EXPECT_EQ(::recv(socket, &byte, 1, 0), 0) << "closed without an answer";
  ::close(socket);
}

TEST_F(ControlSocketTest, ACommandThatDoesNotReadHoldsUpNeitherOthersNorTheEnd) {
  listen(
      [](const ControlRequest& request) {
        ControlReply reply;
        reply.message = request.label == "much" ? std::string(8u << 20, 'x') : request.label;
        return reply;
      },
      {.send_ms = 200});
  const Bytes asked = to_cbor(labelled("much"));
  Bytes message;
  put_u32(message, static_cast<std::uint32_t>(asked.size()));
  message += asked;
  const int socket = raw();
  ASSERT_EQ(::send(socket, message.data(), message.size(), 0),
            static_cast<ssize_t>(message.size()));
  char byte;
  ASSERT_EQ(::recv(socket, &byte, 1, 0), 1);  // the answer has begun, and nobody reads on
  auto client = ControlClient::connect(path_);
  ASSERT_TRUE(client.has_value());
  EXPECT_EQ(client->ask(labelled("meanwhile"))->message, "meanwhile");
  const auto began = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
  ::close(socket);
}

}  // namespace
}  // namespace rollcall
