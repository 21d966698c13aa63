#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

struct ssl_st;  // OpenSSL's SSL

namespace rollcall {

class TlsContext;

// One connection's bytes, plain or by TLS. OpenSSL reads and writes the socket itself, without
// buffers between, when Asio says that there is something to do: a silent connection holds its
// keys and nothing else. On the connection's strand; one operation at a time, and `peek` beside
// none. A cancelled operation ends with `operation_aborted`.
class HttpStream {
 public:
  using Error = boost::system::error_code;
  struct Moved {
    Error error;
    std::size_t bytes = 0;
  };
  enum class Peeked { more, nothing, ended };

  // `tls`: of its server; null: plain.
  HttpStream(boost::asio::ip::tcp::socket socket, const TlsContext* tls);
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;
  ~HttpStream();

  auto get_executor() { return socket_.get_executor(); }
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  [[nodiscard]] bool is_secure() const { return tls_ != nullptr; }
  // Whether the other end is on this machine.
  [[nodiscard]] bool is_local() const;

  // Before anything else. Plain: nothing to do.
  boost::asio::awaitable<Error> handshake();
  // `eof` when the other side is done.
  boost::asio::awaitable<Moved> read_some(char* to, std::size_t room);
  // All of both, in one packet where they are short.
  boost::asio::awaitable<Error> write(std::string_view head, std::string_view body);
  // Calls back, once, when there is something to look at.
  void when_readable(std::function<void(Error)> call);
  // Whether a read would give something, without taking it.
  Peeked peek();

  void cancel();
  // Says that nothing more will be sent.
  Error finish();
  void close();

 private:
  struct SslFree {
    void operator()(ssl_st* tls) const;
  };
  // After OpenSSL gave this result: waits for what it wants; an error when it wants nothing.
  boost::asio::awaitable<Error> await_wanted(int result);
  void say_goodbye();
  boost::asio::awaitable<Error> write_tls(std::string_view bytes);

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<ssl_st, SslFree> tls_;
};

}  // namespace rollcall
