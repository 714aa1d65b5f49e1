#include "harness/trainers/event_fields.h"

#include <fmt/format.h>

#include <limits>

#include "harness/base/error.h"

namespace moebench::trainers {

void EventFields::fail(const std::string& what) const {
  throw Error("{}: {}; write events as harness/trainers/events.md states them", place_, what);
}

const Json& EventFields::get(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end()) fail(fmt::format("the event has no '{}'", key));
  return *found;
}

std::string EventFields::text(const char* key) const {
  const Json& value = get(key);
  if (!value.is_string()) fail(fmt::format("'{}' is no text", key));
  return value.get<std::string>();
}

std::int64_t EventFields::integer(const char* key, std::int64_t least) const {
  const Json& value = get(key);
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
  if (!fits || value.get<std::int64_t>() < least) {
    fail(fmt::format("'{}' is no integer from {} to 2^63 - 1", key, least));
  }
  return value.get<std::int64_t>();
}

std::optional<double> EventFields::number(const char* key, bool is_real) const {
  if (!object_.contains(key)) return std::nullopt;
  const Json& value = get(key);
  if (value.is_number() && (is_real || value.get<double>() >= 0)) return value.get<double>();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (is_real && value == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (is_real && value == "inf") return kInfinity;
  if (is_real && value == "-inf") return -kInfinity;
  fail(fmt::format("'{}' is {}", key,
                   is_real ? "no number, \"nan\", \"inf\" or \"-inf\"" : "no number from 0"));
}

}  // namespace moebench::trainers
