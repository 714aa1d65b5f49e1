#include "reports/crossover/heat.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/crossover/sentences.h"
#include "reports/figures/subject.h"

namespace moebench::crossover {
namespace {

using reports::Json;

constexpr const char* kTokensTitle = "tokens a micro-batch";

std::string row_of(const MapGroup& group, const std::string& network, std::size_t arm) {
  return group.num_expert_parallel > 1 ? network + " · " + group.arms[arm] : network;
}

}  // namespace

std::optional<reports::Gain> best_gain(const MapPoint& point, std::size_t arm) {
  std::optional<reports::Gain> best;
  for (const auto& gain : point.gains[arm]) {
    if (!gain) continue;
    if (!best) {
      best = gain;
      continue;
    }
    const bool has_intervals = best->interval && gain->interval;
    const auto one = best->interval, other = gain->interval;
    if (gain->factor < best->factor) best = gain;
    best->interval.reset();
    if (has_intervals) {
      best->interval = {std::min(one->first, other->first), std::min(one->second, other->second)};
    }
  }
  return best;
}

reports::Figure heat_of(const MapGroup& group) {
  std::set<double> sizes;
  std::vector<std::string> rows;
  for (const MapPoint& point : group.points) {
    sizes.insert(point.tokens);
    for (std::size_t arm = 0; arm < group.num_expert_parallel; ++arm) {
      const std::string row = row_of(group, point.network, arm);
      if (std::ranges::count(rows, row) == 0) rows.push_back(row);
    }
  }
  std::vector<std::string> columns;
  for (const double size : sizes) columns.push_back(tokens_text(size));
  Json values(rows.size(), Json(columns.size(), nullptr));
  Json intervals = values;
  reports::Table numbers = {reports::key_column("network"), reports::key_column(kTokensTitle),
                            reports::number_column("gain", reports::kFactor),
                            reports::number_column("from", reports::kFactor),
                            reports::number_column("to", reports::kFactor)};
  for (const MapPoint& point : group.points) {
    const auto x = static_cast<std::size_t>(std::distance(sizes.begin(), sizes.find(point.tokens)));
    for (std::size_t arm = 0; arm < group.num_expert_parallel; ++arm) {
      const auto gain = best_gain(point, arm);
      if (!gain) continue;
      const std::string row = row_of(group, point.network, arm);
      const auto y = static_cast<std::size_t>(std::ranges::find(rows, row) - rows.begin());
      values[y][x] = gain->factor;
      if (gain->interval) intervals[y][x] = {gain->interval->first, gain->interval->second};
      const auto end = [&](bool is_first) -> std::optional<double> {
        if (!gain->interval) return std::nullopt;
        return is_first ? gain->interval->first : gain->interval->second;
      };
      reports::add_row(numbers, {row, columns[x], gain->factor, end(true), end(false)});
    }
  }
  const Json data = {{"x", {{"title", kTokensTitle}, {"labels", columns}}},
                     {"y", {{"title", "network"}, {"labels", rows}}},
                     {"value", {{"title", "gain"}, {"unit", "x"}, {"log", true}}},
                     {"values", std::move(values)},
                     {"intervals", std::move(intervals)},
                     {"middle", 1}};
  const std::string suffix = group.name.empty() ? "" : "-" + reports::name_part(group.name);
  const std::string of_group = group.name.empty() ? "" : ", " + group.name;
  return reports::make_figure("crossover" + suffix,
                              "expert parallelism against the best of the others" + of_group,
                              "heat", data, std::move(numbers));
}

}  // namespace moebench::crossover
