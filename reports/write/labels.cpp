#include "reports/write/labels.h"

#include <algorithm>
#include <array>

namespace moebench::reports {
namespace {

// Axes whose values nobody takes for those of another one.
constexpr std::array kPlainAxes = {"parallelism", "expert_kernel", "engine", "model",   "dtype",
                                   "loader",      "optimizer",     "arm",    "results", "id"};

bool has(const std::vector<std::string>& axes, const std::string& axis) {
  return std::ranges::count(axes, axis) > 0;
}

// "ep 2"; a parallelism that spreads nothing has no degree.
std::string with_degree(const Cell& cell, const std::string& parallelism) {
  const std::string degree = cell.axis(parallelism == "ep" ? "ep_degree" : "shard_degree");
  const bool is_spread = parallelism == "ep" || parallelism == "hsdp";
  return is_spread && !degree.empty() ? parallelism + " " + degree : parallelism;
}

}  // namespace

std::string label_of(const Cell& cell, const std::vector<std::string>& axes) {
  std::string text;
  for (const std::string& axis : axes) {
    if (is_degree(axis) && has(axes, "parallelism")) continue;
    std::string value = cell.axis(axis);
    if (value.empty()) continue;
    // A model's publisher or folder is no part of what tells it from others.
    if (axis == "model") value = value.substr(value.rfind('/') + 1);
    const bool is_plain = std::ranges::count(kPlainAxes, axis) > 0;
    text += (text.empty() ? "" : " · ") + (axis == "parallelism" ? with_degree(cell, value)
                                           : is_plain            ? value
                                                                 : axis + " " + value);
  }
  return text;
}

}  // namespace moebench::reports
