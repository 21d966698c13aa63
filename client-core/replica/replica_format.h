#pragma once

#include <cstdint>

namespace rollcall {

// What tells a replica file from any other, and how its tables are made. An older file gets what it
// lacks when it is opened; a newer one is left alone.
//   1  the first
//   2  numbers of conflicts, forks, leases
//   3  the pin of the server's TLS key
//   4  copies of rows that are gone; full-text indexes that forget words at once
inline constexpr std::uint32_t replica_application_id = 0x52437270;  // "RCrp"
inline constexpr std::uint32_t replica_format_version = 4;

}  // namespace rollcall
