#include "server/http/http_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "engine/base/check.h"
#include "server/http/tls_context.h"

namespace rollcall {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Up to this size, a head and its body go into one TLS record, in bytes: an idle sync's do.
constexpr std::size_t joined_bytes_max = std::size_t{16} * 1024;

// That of a closed socket may be another's by now: nothing here comes to OpenSSL after `close`.
int descriptor_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int send_bytes(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  // A client that went away is an error here, and no signal.
  const ssize_t sent = ::send(descriptor_of(bio), bytes, static_cast<std::size_t>(count),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int receive_bytes(BIO* bio, char* bytes, int room) {
  BIO_clear_retry_flags(bio);
  const ssize_t got =
      ::recv(descriptor_of(bio), bytes, static_cast<std::size_t>(room), MSG_DONTWAIT);
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "rollcall socket");
    ROLLCALL_CHECK(made != nullptr);
    BIO_meth_set_write(made, send_bytes);
    BIO_meth_set_read(made, receive_bytes);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

}  // namespace

void HttpStream::SslFree::operator()(ssl_st* tls) const { SSL_free(tls); }

HttpStream::HttpStream(tcp::socket socket, const TlsContext* tls) : socket_(std::move(socket)) {
  Error ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  if (tls == nullptr) return;
  tls_.reset(tls->make());
  BIO* const bio = BIO_new(socket_method());
  ROLLCALL_CHECK(bio != nullptr);
  // The number itself, which nobody takes for an address.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  BIO_set_data(bio, reinterpret_cast<void*>(std::intptr_t{socket_.native_handle()}));
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
}

HttpStream::~HttpStream() = default;

asio::awaitable<HttpStream::Error> HttpStream::await_wanted(int result) {
  const int wanted = SSL_get_error(tls_.get(), result);
  ERR_clear_error();
  if (!socket_.is_open()) co_return asio::error::operation_aborted;
  if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE) {
    const auto side =
        wanted == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write;
    auto [error] = co_await socket_.async_wait(side, as_result);
    co_return error;
  }
  if (wanted == SSL_ERROR_ZERO_RETURN) co_return asio::error::eof;
  co_return asio::error::connection_reset;
}

asio::awaitable<HttpStream::Error> HttpStream::handshake() {
  if (!tls_) co_return Error();
  while (socket_.is_open()) {
    ERR_clear_error();
    const int done = SSL_do_handshake(tls_.get());
    if (done == 1) co_return Error();
    const Error error = co_await await_wanted(done);
    if (error) co_return error;
  }
  co_return asio::error::operation_aborted;
}

asio::awaitable<HttpStream::Moved> HttpStream::read_some(char* to, std::size_t room) {
  if (!tls_) {
    auto [error, count] = co_await socket_.async_read_some(asio::buffer(to, room), as_result);
    co_return Moved{error, count};
  }
  while (socket_.is_open()) {
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_read_ex(tls_.get(), to, room, &count);
    if (done == 1) co_return Moved{Error(), count};
    const Error error = co_await await_wanted(done);
    if (error) co_return Moved{error, 0};
  }
  co_return Moved{asio::error::operation_aborted, 0};
}

asio::awaitable<HttpStream::Error> HttpStream::write(std::string_view head, std::string_view body) {
  if (!tls_) {
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head.data(), head.size()),
                                                  asio::buffer(body.data(), body.size())};
    auto [error, written] = co_await asio::async_write(socket_, parts, as_result);
    co_return error;
  }
  const std::size_t joined_bytes = std::min(head.size() + body.size(), joined_bytes_max);
  std::string joined(head);
  if (joined.size() < joined_bytes) joined.append(body.substr(0, joined_bytes - joined.size()));
  const std::size_t taken = joined.size() - head.size();
  const Error error = co_await write_tls(joined);
  if (error) co_return error;
  const Error rest = co_await write_tls(body.substr(taken));
  co_return rest;
}

asio::awaitable<HttpStream::Error> HttpStream::write_tls(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!socket_.is_open()) co_return asio::error::operation_aborted;
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count);
    if (done == 1) {
      bytes.remove_prefix(count);
      continue;
    }
    const Error error = co_await await_wanted(done);
    if (error) co_return error;
  }
  co_return Error();
}

void HttpStream::when_readable(std::function<void(Error)> call) {
  socket_.async_wait(tcp::socket::wait_read, std::move(call));
}

bool HttpStream::is_local() const {
  boost::system::error_code error;
  const auto address = socket_.remote_endpoint(error).address();
  if (error) return false;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

HttpStream::Peeked HttpStream::peek() {
  char byte = 0;
  if (!socket_.is_open()) return Peeked::ended;
  if (tls_) {
    ERR_clear_error();
    const int done = SSL_peek(tls_.get(), &byte, 1);
    if (done > 0) return Peeked::more;
    const int wanted = SSL_get_error(tls_.get(), done);
    ERR_clear_error();
    const bool none = wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE;
    return none ? Peeked::nothing : Peeked::ended;
  }
  Error error;
  socket_.non_blocking(true, error);
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  if (!error) return Peeked::more;
  return error == asio::error::would_block ? Peeked::nothing : Peeked::ended;
}

void HttpStream::cancel() {
  Error ignored;
  socket_.cancel(ignored);
}

// If there is room for it, and once.
void HttpStream::say_goodbye() {
  if (!tls_ || !socket_.is_open() || SSL_is_init_finished(tls_.get()) != 1) return;
  if ((SSL_get_shutdown(tls_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ERR_clear_error();
  SSL_shutdown(tls_.get());
  ERR_clear_error();
}

HttpStream::Error HttpStream::finish() {
  say_goodbye();
  Error error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  return error;
}

void HttpStream::close() {
  say_goodbye();
  Error ignored;
  socket_.close(ignored);
}

}  // namespace rollcall
