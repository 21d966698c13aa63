#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// Members of a listening team: each costs 92 bytes in every sealed value.
inline constexpr std::size_t team_members_max = 64;
// What a member is called, in bytes.
inline constexpr std::size_t member_label_bytes_max = 200;
// A sealed text, in bytes: with its padding and the boxes of a full team it still fits a sealed
// field of 128 KiB.
inline constexpr std::size_t sealed_text_bytes_max = 48'000;
// Lengths are padded to the next power of two, in bytes, and to this at least: a short grievance
// and a page of one look alike.
inline constexpr std::size_t sealed_padding_bytes_min = 1024;
// How far one version's number may be from the last: room for some that a server lost, and none
// for a thief of the admin's key to use the numbers up.
inline constexpr unsigned team_version_step_max = 100;
// The first list that a device takes may be far on: its team has a history that this device cannot
// check.
inline constexpr std::uint32_t team_version_first_max = 1'000'000;
// Versions of a team that a replica keeps: a change every week for thirty years.
inline constexpr std::size_t team_versions_max = 1'600;

}  // namespace rollcall
