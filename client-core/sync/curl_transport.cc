#include "client-core/sync/curl_transport.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>

#include <curl/curl.h>

#include "engine/base/check.h"
#include "engine/protocol/limits.h"

namespace rollcall {
namespace {

// Handles kept for the next request: one a lane.
constexpr std::size_t resting_max = 2;
constexpr long connect_timeout_ms = 10'000;
constexpr std::size_t tls_pin_bytes = 32;

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { ROLLCALL_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

bool names(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
           const char lower = b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b;
           return a == lower;
         });
}

// OpenSSL's numbers for what is wrong with a certificate, as libcurl hands them on.
constexpr long not_yet_valid = 9;
constexpr long has_expired = 10;

// "https://rollcall.example" of "https://rollcall.example/v1/sync".
std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(0, url.find('/', scheme + 3));
}

// As libcurl writes a pin: "sha256//" and the usual base64, 43 characters and one to fill up.
std::string pin_text(const Bytes& pin) {
  std::string text = to_base64(pin);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return "sha256//" + text + "=";
}

struct Distrust {
  ErrorCode code;
  std::string told;
};

// What a failed request says about who answered; nothing when that was not what failed.
std::optional<Distrust> distrust(CURL* easy, CURLcode code, const std::string& url,
                                 const char* told_by_curl) {
  const std::string server = "the server at " + origin_of(url);
  if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) {
    return Distrust{ErrorCode::pin_mismatch,
                    server +
                        " has another TLS key than the invitation named: somebody may stand "
                        "between, or its key was changed and a new invitation is needed"};
  }
  // Otherwise the connection broke, which is no matter of trust.
  const bool openssl_refused = std::string_view(told_by_curl).find("error:") != std::string::npos;
  if (code == CURLE_SSL_CONNECT_ERROR && openssl_refused) {
    return Distrust{ErrorCode::not_trusted,
                    server +
                        " does not speak TLS 1.3 as it must, or shows what cannot be checked (" +
                        told_by_curl + "): somebody may stand between"};
  }
  if (code != CURLE_PEER_FAILED_VERIFICATION) return std::nullopt;
  long verdict = 0;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  if (verdict == has_expired || verdict == not_yet_valid) {
    return Distrust{
        ErrorCode::not_trusted,
        server + " has a certificate that " +
            (verdict == has_expired ? "has expired" : "is not valid yet") +
            " by this device's clock: set the clock if it is wrong, or else tell whoever "
            "runs the server"};
  }
  const std::string told = told_by_curl;
  if (told.find("subject name") != std::string::npos) {
    return Distrust{ErrorCode::not_trusted,
                    server +
                        " has a certificate of another host: look at the address, and at what "
                        "network this is"};
  }
  return Distrust{ErrorCode::not_trusted,
                  server + " has a certificate that nobody whom this device trusts vouches for (" +
                      told + "): somebody may stand between, such as the network's owner"};
}

}  // namespace

struct CurlTransport::Exchange {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  HttpRequest request;
  HttpResponse response;
  char error_text[CURL_ERROR_SIZE] = {};

  Exchange() : easy(curl_easy_init()) { ROLLCALL_CHECK(easy != nullptr); }
  ~Exchange() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void add_header(const std::string& line) { headers = curl_slist_append(headers, line.c_str()); }

  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* self) {
    Bytes& body = static_cast<Exchange*>(self)->response.body;
    if (body.size() + size > reply_bytes_max) return 0;  // ends the request with an error
    body.append(data, size);
    return size;
  }

  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* self) {
    HttpResponse& response = static_cast<Exchange*>(self)->response;
    const std::string_view line(data, size);
    const auto value = [&](std::string_view name) { return trimmed(line.substr(name.size() + 1)); };
    if (names(line, "content-type")) response.content_type = value("content-type");
    if (names(line, "content-encoding")) response.content_encoding = value("content-encoding");
    if (names(line, "retry-after")) {
      std::int64_t seconds = 0;
      const std::string_view text = value("retry-after");
      std::from_chars(text.data(), text.data() + text.size(), seconds);
      response.retry_after_ms = std::clamp<std::int64_t>(seconds, 0, 3600) * 1000;
    }
    return size;
  }
};

CurlTransport::CurlTransport(std::string ca_file) : ca_file_(std::move(ca_file)) {
  start_curl();
  multi_ = curl_multi_init();
  ROLLCALL_CHECK(multi_ != nullptr);
}

CurlTransport::~CurlTransport() {
  for (auto& [id, exchange] : exchanges_) curl_multi_remove_handle(multi_, exchange->easy);
  exchanges_.clear();
  resting_.clear();
  curl_multi_cleanup(multi_);
}

void CurlTransport::begin(HttpRequest request) {
  std::unique_ptr<Exchange> exchange;
  if (resting_.empty()) {
    exchange = std::make_unique<Exchange>();
  } else {
    exchange = std::move(resting_.back());
    resting_.pop_back();
  }
  exchange->request = std::move(request);
  exchange->response = HttpResponse{};
  exchange->response.id = exchange->request.id;
  exchange->error_text[0] = '\0';

  const HttpRequest& sent = exchange->request;
  if (!sent.authorization.empty()) exchange->add_header("Authorization: " + sent.authorization);
  if (!sent.content_type.empty()) exchange->add_header("Content-Type: " + sent.content_type);
  if (!sent.content_encoding.empty()) {
    exchange->add_header("Content-Encoding: " + sent.content_encoding);
  }
  if (!sent.accept_encoding.empty()) {
    exchange->add_header("Accept-Encoding: " + sent.accept_encoding);
  }
  // A body is answered in its own type; libcurl's own "*/*" says nothing.
  exchange->add_header(sent.content_type.empty() ? "Accept: application/cbor" : "Accept:");
  exchange->add_header("Expect:");  // no extra round trip before a large body

  CURL* easy = exchange->easy;
  curl_easy_setopt(easy, CURLOPT_URL, sent.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error_text);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange.get());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange.get());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange.get());
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_3});
  if (!ca_file_.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file_.c_str());
  if (!sent.tls_pin.empty()) {
    ROLLCALL_CHECK(sent.tls_pin.size() == tls_pin_bytes);
    curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, pin_text(sent.tls_pin).c_str());
  }
  if (sent.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sent.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, sent.body.data());
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  ROLLCALL_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
  const std::uint64_t id = exchange->request.id;
  ROLLCALL_CHECK(exchanges_.emplace(id, std::move(exchange)).second);
  drive();
}

void CurlTransport::cancel(std::uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  curl_multi_remove_handle(multi_, found->second->easy);
  exchanges_.erase(found);
}

void CurlTransport::drive() {
  int running = 0;
  curl_multi_perform(multi_, &running);
}

std::vector<HttpResponse> CurlTransport::poll(std::int64_t timeout_ms) {
  drive();
  std::vector<HttpResponse> responses = collect();
  if (!responses.empty() || timeout_ms <= 0) return responses;
  curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::min<std::int64_t>(timeout_ms, 60'000)),
                  nullptr);
  drive();
  return collect();
}

std::vector<HttpResponse> CurlTransport::collect() {
  std::vector<HttpResponse> responses;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    void* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    auto found = exchanges_.find(static_cast<Exchange*>(self)->request.id);
    ROLLCALL_CHECK(found != exchanges_.end());
    std::unique_ptr<Exchange> exchange = std::move(found->second);
    exchanges_.erase(found);
    curl_multi_remove_handle(multi_, exchange->easy);

    HttpResponse& response = exchange->response;
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
      response.status = static_cast<int>(status);
    } else {
      response.error =
          exchange->error_text[0] != '\0' ? exchange->error_text : curl_easy_strerror(code);
      if (auto why =
              distrust(exchange->easy, code, exchange->request.url, response.error.c_str())) {
        response.failed = why->code;
        response.error = std::move(why->told);
      }
    }
    long header_sent = 0;
    long header_received = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &header_sent);
    curl_easy_getinfo(exchange->easy, CURLINFO_HEADER_SIZE, &header_received);
    // CURLINFO_REQUEST_SIZE counts the head, and of a body only what went in the same write.
    curl_off_t uploaded = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    response.wire_bytes_sent =
        static_cast<std::uint64_t>(std::max<curl_off_t>(header_sent, header_sent + uploaded));
    response.wire_bytes_received =
        static_cast<std::uint64_t>(header_received) + response.body.size();
    responses.push_back(std::move(response));

    curl_slist_free_all(exchange->headers);
    exchange->headers = nullptr;
    curl_easy_reset(exchange->easy);  // keeps the connection
    if (resting_.size() < resting_max) resting_.push_back(std::move(exchange));
  }
  return responses;
}

void CurlTransport::wake() { curl_multi_wakeup(multi_); }

}  // namespace rollcall
