#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// How far ahead of the server's time a stamp may stand: more than an honest clock that was measured
// at the last sync drifts, less than anybody gains by.
inline constexpr std::int64_t stamp_ahead_ms_max = 60'000;
// Removals that a set remembers for adds yet to come; beyond, the smallest stamps are forgotten. An
// add that comes so late only shows again, for whoever removes it once more.
inline constexpr std::size_t set_removals_max = 4096;

}  // namespace rollcall
