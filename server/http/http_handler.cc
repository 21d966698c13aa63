#include "server/http/http_handler.h"

#include "server/http/refusal.h"

namespace rollcall {

HttpExchange::~HttpExchange() {
  if (answered_.load() || is_gone()) return;
  respond(
      refuse(answer_type_, {ErrorCode::internal, "the server lost this request: send it again"}));
}

void HttpExchange::respond(HttpAnswer response) {
  if (answered_.exchange(true)) return;
  deliver_(std::move(response));
}

}  // namespace rollcall
