#include "server/http/http_message.h"

namespace rollcall {

std::string_view method_name(HttpMethod method) {
  return method == HttpMethod::post ? "POST" : "GET";
}

std::string_view media_name(MediaType type) {
  switch (type) {
    case MediaType::cbor: return "application/cbor";
    case MediaType::json: return "application/json";
    case MediaType::text: break;
  }
  return "text/plain; charset=utf-8";
}

}  // namespace rollcall
