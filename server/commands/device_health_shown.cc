#include "server/commands/device_health_shown.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/clock/utc_time.h"
#include "engine/model/role_book.h"

namespace rollcall {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

// The shortest of those that its roles give, as the device itself reckons.
std::uint32_t lease_hours(const Schema& schema, const DeviceRecord& device) {
  const RoleBook roles(schema);
  std::uint32_t shortest = 0;
  for (const GrantRecord& grant : device.grants) {
    const std::uint32_t hours = roles.lease_hours(grant.role);
    if (hours != 0 && (shortest == 0 || hours < shortest)) shortest = hours;
  }
  return shortest;
}

std::string seconds_text(std::int64_t ms) { return std::to_string(ms / 1000) + " s"; }

}  // namespace

Result<HealthShown> HealthShown::of(SpaceReader& reader, const DeviceRecord& device) {
  HealthShown shown;
  ROLLCALL_TRY_ASSIGN(std::optional<DeviceHealth> health, reader.health(device.number));
  if (!health) return shown;
  shown.asked = true;
  ROLLCALL_TRY_ASSIGN(const LogPlace head, reader.head_place());
  const LogPlace& told = health->told;
  shown.lag = head.sequence.value - std::min(told.sequence, head.sequence).value;
  if (shown.lag != 0 && told.commit_ms != 0) {
    shown.lag_ms = std::max<std::int64_t>(head.commit_ms - told.commit_ms, 0);
  }
  shown.unconfirmed = told.sequence.value - std::min(health->read.sequence, told.sequence).value;
  ROLLCALL_TRY_ASSIGN(const auto schema, reader.schema());
  if (const std::uint32_t hours = lease_hours(*schema, device); hours != 0) {
    shown.lease_until_ms = health->seen_ms + hours * hour_ms;
  }
  shown.health = std::move(*health);
  return shown;
}

void HealthShown::add_to(nlohmann::ordered_json& json) const {
  if (!asked) return;
  json["seen"] = utc_text(health.seen_ms);
  json["lag"] = lag;
  json["lag_ms"] = lag_ms;
  json["unconfirmed"] = unconfirmed;
  json["schema_version"] = health.schema_version;
  json["late_ms"] = health.late_ms;
  if (health.report) {
    json["pending"] = health.report->pending;
    json["skew_ms"] = health.report->skew_ms;
    if (!health.report->app.empty()) json["app"] = health.report->app;
  }
  if (lease_until_ms != 0) json["lease_until"] = utc_text(lease_until_ms);
}

std::string HealthShown::line() const {
  if (!asked) return "never seen";
  std::string text = "seen " + utc_text(health.seen_ms) + ", ";
  if (health.told.sequence.value == 0) {
    text += "has read nothing yet";
  } else if (lag == 0) {
    text += "up to date";
  } else {
    text += std::to_string(lag) + " behind (" + seconds_text(lag_ms) + ")";
  }
  if (health.report) {
    text += ", " + std::to_string(health.report->pending) + " pending, clock off by " +
            seconds_text(health.report->skew_ms);
    if (!health.report->app.empty()) text += ", " + health.report->app;
  }
  text += ", schema " + std::to_string(health.schema_version);
  if (lease_until_ms != 0) text += ", lease to " + utc_text(lease_until_ms);
  return text;
}

}  // namespace rollcall
