#include "server/http/request_head.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "server/http/refusal.h"

namespace rollcall {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// True when a comma-separated list has this element, whatever parameters follow it.
bool lists(std::string_view list, std::string_view element) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view item = list.substr(0, comma);
    if (same_word(trimmed(item.substr(0, item.find(';'))), element)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// The fields that we read, and how often each came.
struct Fields {
  struct One {
    std::string_view name;
    std::string_view value;
    std::size_t count = 0;
  };
  One host{"Host", {}}, length{"Content-Length", {}}, transfer{"Transfer-Encoding", {}},
      type{"Content-Type", {}}, encoding{"Content-Encoding", {}},
      authorization{"Authorization", {}}, expect{"Expect", {}}, accept{"Accept", {}},
      accept_encoding{"Accept-Encoding", {}}, connection{"Connection", {}};

  explicit Fields(std::span<const HeadField> fields) {
    for (const HeadField& field : fields) {
      for (One* known : {&host, &length, &transfer, &type, &encoding, &authorization, &expect,
                         &accept, &accept_encoding, &connection}) {
        if (!same_word(field.name, known->name)) continue;
        ++known->count;
        known->value = trimmed(field.value);
      }
    }
  }
};

std::optional<MediaType> media_of(std::string_view type) {
  const std::string_view bare = trimmed(type.substr(0, type.find(';')));
  if (same_word(bare, media_name(MediaType::cbor))) return MediaType::cbor;
  if (same_word(bare, media_name(MediaType::json))) return MediaType::json;
  return std::nullopt;
}

class Judge {
 public:
  Judge(const RawHead& raw, std::size_t body_bytes_max)
      : raw_(raw), body_bytes_max_(body_bytes_max), fields_(raw.fields) {}

  JudgedHead judge() {
    // First how to answer, so that a refusal comes in the type that was asked for.
    if (const auto type = media_of(fields_.type.value)) {
      head().type = head().answer_type = *type;
    } else if (lists(fields_.accept.value, media_name(MediaType::cbor)) || is_plain_client()) {
      head().answer_type = MediaType::cbor;
    }
    head().accept_encoding = fields_.accept_encoding.value;
    if (framing() && request_line() && body()) options();
    if (judged_.refusal) {
      judged_.keep_alive = false;
      judged_.refusal->close = true;
    }
    return std::move(judged_);
  }

 private:
  // Devices of the first releases say nothing about the answer that they want to a GET; people's
  // tools always do.
  [[nodiscard]] bool is_plain_client() const {
    return fields_.accept.count == 0 && fields_.authorization.count != 0;
  }

  HttpHead& head() { return judged_.head; }

  bool no(unsigned status, ErrorCode code, std::string message) {
    judged_.refusal = refuse(head().answer_type, status, {code, std::move(message)});
    return false;
  }
  bool bad(std::string message) { return no(400, ErrorCode::malformed, std::move(message)); }

  bool framing() {
    if (raw_.version != 11) {
      return no(505, ErrorCode::malformed,
                "only HTTP/1.1 is spoken here: send the request as that");
    }
    if (fields_.transfer.count > 0) {
      return bad("a request with Transfer-Encoding is not taken: send it with Content-Length");
    }
    if (fields_.length.count > 1) {
      return bad("Content-Length is given more than once: send it once");
    }
    for (const Fields::One* once : {&fields_.type, &fields_.encoding, &fields_.authorization}) {
      if (once->count > 1) {
        return bad(std::string(once->name) + " is given more than once: send it once");
      }
    }
    if (fields_.host.count != 1) return bad("a request names its Host, once");
    return true;
  }

  bool request_line() {
    if (raw_.method == "POST") {
      head().method = HttpMethod::post;
    } else if (raw_.method != "GET") {
      return no(501, ErrorCode::malformed,
                "the method is unknown here: GET and POST are what is spoken");
    }
    if (raw_.target.empty() || raw_.target.front() != '/') {
      return bad("the request's target is not a path: send one that begins with '/'");
    }
    head().target = raw_.target;
    return true;
  }

  bool body() {
    const std::string_view digits = fields_.length.value;
    if (fields_.length.count == 1) {
      const auto [end, problem] =
          std::from_chars(digits.data(), digits.data() + digits.size(), head().body_bytes);
      if (problem == std::errc::result_out_of_range) return too_large();
      if (problem != std::errc() || end != digits.data() + digits.size()) {
        return bad("Content-Length is not a number of bytes");
      }
    }
    if (head().method == HttpMethod::get) {
      return head().body_bytes == 0 || bad("a GET request has no body: leave it out");
    }
    if (fields_.length.count == 0) {
      return no(411, ErrorCode::malformed, "a POST request tells the Content-Length of its body");
    }
    if (head().body_bytes > body_bytes_max_) return too_large();
    if (!head().type) {
      return no(415, ErrorCode::unsupported_media,
                "the body's type is not one that is spoken here: send application/cbor or "
                "application/json");
    }
    return true;
  }

  bool too_large() {
    return no(413, ErrorCode::too_large,
              "the body is too large: send at most " + std::to_string(body_bytes_max_) +
                  " bytes at once");
  }

  bool options() {
    if (fields_.encoding.count == 1) {
      auto encoding = encoding_of_name(fields_.encoding.value);
      if (!encoding) return no(415, encoding.error().code, encoding.error().message);
      head().encoding = *encoding;
    }
    if (fields_.authorization.count == 1) {
      head().authorization = std::string(fields_.authorization.value);
    }
    if (fields_.expect.count > 0) {
      if (!same_word(fields_.expect.value, "100-continue")) {
        return no(417, ErrorCode::malformed, "Expect may only ask for 100-continue");
      }
      judged_.expects_continue = head().body_bytes > 0;
    }
    judged_.keep_alive = !lists(fields_.connection.value, "close");
    return true;
  }

  const RawHead& raw_;
  const std::size_t body_bytes_max_;
  const Fields fields_;
  JudgedHead judged_;
};

}  // namespace

JudgedHead judge_request_head(const RawHead& raw, std::size_t body_bytes_max) {
  return Judge(raw, body_bytes_max).judge();
}

}  // namespace rollcall
