#include "harness/record/record.h"

#include <algorithm>
#include <array>

#include "harness/base/check.h"
#include "harness/base/error.h"

namespace moebench::record {
namespace {

constexpr std::array<std::pair<Disposition, const char*>, 6> kDispositions{{
    {Disposition::kOk, "ok"},
    {Disposition::kIncorrect, "incorrect"},
    {Disposition::kOutOfMemory, "out_of_memory"},
    {Disposition::kTimedOut, "timed_out"},
    {Disposition::kCrashed, "crashed"},
    {Disposition::kUnsupported, "unsupported"},
}};

}  // namespace

const char* to_string(Disposition value) {
  const auto found = std::find_if(kDispositions.begin(), kDispositions.end(),
                                  [&](const auto& entry) { return entry.first == value; });
  MOEBENCH_CHECK(found != kDispositions.end());
  return found->second;
}

Disposition disposition_from_string(std::string_view text) {
  std::string known;
  for (const auto& [value, name] : kDispositions) {
    if (text == name) return value;
    known += known.empty() ? name : std::string(", ") + name;
  }
  throw Error("unknown disposition '{}'; use one of {}", text, known);
}

const char* to_string(Arm value) { return value == Arm::kBase ? "base" : "candidate"; }

std::string CellRecord::axis(std::string_view name) const {
  for (const auto& [axis, text] : axes) {
    if (axis == name) return text;
  }
  return "";
}

std::optional<double> CellRecord::value(std::string_view metric) const {
  const auto found = metrics.find(std::string(metric));
  return found == metrics.end() ? std::nullopt : found->second.value;
}

}  // namespace moebench::record
