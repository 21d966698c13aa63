#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rollcall {

// Stable numbers, shared by the C ABI, the wire and the documents. Never renumbered, only added.
enum class ErrorCode : std::int32_t {
  // 1xx: this machine - its files, its memory, its caller.
  invalid_argument = 100,
  io = 101,
  disk_full = 102,
  open_elsewhere = 103,
  corrupt = 104,
  newer_format = 105,
  not_a_replica = 106,
  read_only = 107,
  out_of_memory = 108,
  sql = 109,
  not_found = 110,
  already_exists = 111,
  unlinked = 112,   // the file was deleted or replaced while open
  limit = 113,      // a named limit would be passed
  locked = 114,     // the lease ended, or the device was revoked: nothing is shown or written
  wrong_key = 115,  // the file is encrypted with another key, or with none
  internal = 119,

  // 2xx: a message that cannot be framed or decoded.
  malformed = 200,
  truncated = 201,
  trailing_bytes = 202,
  too_large = 203,
  too_deep = 204,
  not_utf8 = 205,
  duplicate_key = 206,
  not_canonical = 207,
  unsupported_media = 208,
  wrong_type = 209,

  // 3xx: who is asking.
  unknown_key = 300,
  bad_signature = 301,
  stale = 302,
  replayed = 303,
  code_unknown = 304,  // an enrolment code that does not exist, or was used up
  code_expired = 305,
  pin_mismatch = 306,  // the server is not the one that the invitation names

  // 4xx: the state of a sync.
  gap = 400,
  forked = 401,
  new_epoch = 402,
  cursor_unknown = 403,
  later = 404,  // 429 or 503: try again after the time told
  diverged = 405,

  // 5xx: why a transaction was rejected or parked.
  not_allowed = 500,
  unknown_row = 501,
  unknown_field = 502,
  unknown_collection = 503,
  bad_value = 504,
  too_long = 505,
  append_only = 506,
  gone = 507,
  voided = 508,
  wrong_id = 509,      // a derived id that its fields do not give
  grant_lost = 510,    // parked: held at the transaction's cursor, lost since
  wrong_device = 511,  // the stamp names another device
  bad_transaction = 512,
  device_revoked = 513,  // parked: what a revoked device brings waits for somebody
  refused = 514,         // it was parked, and somebody refused it
  erased = 515,          // a row that was erased for a person's sake

  // 6xx: a schema and its evolution.
  schema = 600,
  schema_change = 601,

  // 7xx: transport.
  unreachable = 700,
  timed_out = 701,
  not_rollcall = 702,  // something answered that does not speak the protocol (a captive portal)
  not_trusted = 703,   // the server did not prove by TLS that it is who it says
};

// The code's name as the wire, the logs and the documents write it, such as "not_allowed".
std::string_view error_name(ErrorCode code);

// What happened, to what, and what to do next.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

}  // namespace rollcall
