#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/protocol/messages.h"

namespace rollcall {

class Connection;

// Pages that came and wait, as the bytes that they are, for the read to be complete: then all of
// them are applied in one local transaction, so that a transaction's rows arrive together.
//
//   _staged(place, kind, grant, after, through, page)
class Staging {
 public:
  enum class Kind : std::uint8_t { bootstrap = 0, heal = 1, tail = 2 };
  struct Page {
    Kind kind = Kind::tail;
    GrantId grant;  // of the first two kinds, and their range
    std::optional<Boundary> after;
    std::optional<Boundary> through;
    BytesView page;
  };

  static std::vector<std::string> create_statements();
  explicit Staging(Connection& connection) : connection_(&connection) {}
  Result<void> reload();

  // True when pages of these kinds wait.
  [[nodiscard]] bool has_ranges() const { return ranges_ > 0; }
  [[nodiscard]] bool has_tail() const { return tail_ > 0; }

  Result<void> add(const Page& page);
  // Ranges first, in the order in which they came, then the tail's pages in theirs.
  Result<void> each(const std::function<Result<void>(const Page&)>& each);
  Result<void> drop_tail();
  Result<void> drop_grant(GrantId grant);
  Result<void> clear();

 private:
  Connection* connection_;
  std::uint64_t ranges_ = 0;
  std::uint64_t tail_ = 0;
};

}  // namespace rollcall
