#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "server/space/space_reader.h"

namespace rollcall {

// How a device stands, worked out for people: `device list` and `device show`.
struct HealthShown {
  bool asked = false;  // it was seen at all; else the rest means nothing
  DeviceHealth health;
  std::uint64_t lag = 0;    // sequences that the last answer did not reach, to the head of now
  std::int64_t lag_ms = 0;  // the time between that place's commit and the last one
  std::uint64_t unconfirmed = 0;    // sequences that it was told and has not named as read yet
  std::int64_t lease_until_ms = 0;  // 0: its roles have none

  // Of a device whose record is given, in the reader's open snapshot or its own.
  static Result<HealthShown> of(SpaceReader& reader, const DeviceRecord& device);
  void add_to(nlohmann::ordered_json& json) const;
  // One line: "seen 2026-…, 0 behind, 3 pending, …"; empty when it never asked.
  [[nodiscard]] std::string line() const;
};

}  // namespace rollcall
