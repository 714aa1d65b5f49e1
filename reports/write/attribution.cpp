#include "reports/write/attribution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "reports/write/labels.h"

namespace moebench::reports {
namespace {

constexpr std::size_t kMaxCorners = 4;

constexpr const char* kParallelism[] = {"parallelism", "ep_degree", "shard_degree"};

std::vector<std::string> parallelism_of(const Cell& cell) {
  std::vector<std::string> values;
  for (const char* axis : kParallelism) values.push_back(cell.axis(axis));
  return values;
}

// The place of a cell among those that one reference has.
using Corner = std::tuple<const Cell*, std::vector<std::string>, std::string>;

// "parallelism ep · ep_degree 2 · expert_kernel loop", as one selects a cell.
std::string name_of_corner(const Cell& parallelism, const Cell& kernel) {
  std::string text;
  for (const char* axis : kParallelism) {
    const std::string value = parallelism.axis(axis);
    const bool is_spread = !is_degree(axis) || (value != "0" && value != "1");
    if (value.empty() || !is_spread) continue;
    text += fmt::format("{}={}, ", axis, value);
  }
  return text + "expert_kernel=" + kernel.axis("expert_kernel");
}

bool compares_both(const Reference& reference) {
  const auto has = [&](const char* axis) {
    return std::ranges::any_of(reference.axes(),
                               [&](const auto& value) { return value.first == axis; });
  };
  return has("parallelism") && has("expert_kernel");
}

Entry entry_of(const std::optional<Gain>& gain) { return gain ? gain_entry(*gain) : Entry(); }

}  // namespace

std::vector<Attribution> attributions_of(const ScenarioCells& scenario, const Reference& reference,
                                         const Gains& gains) {
  if (!compares_both(reference)) return {};
  const std::vector<const Cell*> references = reference.of_cells(scenario);
  std::map<Corner, std::size_t> corners;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const Cell& cell = scenario.cells[i];
    const bool is_measured = gains.of_cells()[i].has_value();
    if (!is_measured) continue;
    corners[{references[i], parallelism_of(cell), cell.axis("expert_kernel")}] = i;
  }
  std::vector<Attribution> found;
  for (std::size_t i = 0; i < references.size(); ++i) {
    if (!gains.of_cells()[i]) continue;
    const Cell& cell = scenario.cells[i];
    const Cell& base = *references[i];
    const auto own = parallelism_of(cell), of_base = parallelism_of(base);
    if (own == of_base || cell.axis("expert_kernel") == base.axis("expert_kernel")) continue;
    Attribution attribution{.cell = i, .whole = *gains.of_cells()[i]};
    const auto kernel = corners.find({&base, of_base, cell.axis("expert_kernel")});
    const auto parallelism = corners.find({&base, own, base.axis("expert_kernel")});
    if (kernel == corners.end()) attribution.missing.push_back(name_of_corner(base, cell));
    if (parallelism == corners.end()) attribution.missing.push_back(name_of_corner(cell, base));
    if (attribution.missing.empty()) {
      const std::pair<std::size_t, int> terms[] = {
          {i, 1}, {kernel->second, -1}, {parallelism->second, -1}};
      attribution.kernel = gains.of_cells()[kernel->second];
      attribution.parallelism = gains.of_cells()[parallelism->second];
      attribution.interaction = gains.combined(terms);
    }
    found.push_back(std::move(attribution));
  }
  return found;
}

Table attribution_table(const ScenarioCells& scenario, const std::vector<Attribution>& found) {
  const bool any = std::ranges::any_of(
      found, [](const Attribution& attribution) { return attribution.kernel.has_value(); });
  if (!any) return {};
  Table table = {key_column("cell"), number_column("gain", kFactor),
                 number_column("kernel", kFactor), number_column("parallelism", kFactor),
                 number_column("interaction", kFactor)};
  for (const Attribution& attribution : found) {
    if (!attribution.kernel) continue;
    add_row(table, {label_of(scenario.cells[attribution.cell], scenario.varying_axes),
                    entry_of(attribution.whole), entry_of(attribution.kernel),
                    entry_of(attribution.parallelism), entry_of(attribution.interaction)});
  }
  return table;
}

std::vector<std::string> missing_corners(const std::vector<Attribution>& found) {
  std::set<std::string> missing;
  for (const Attribution& attribution : found) {
    missing.insert(attribution.missing.begin(), attribution.missing.end());
  }
  if (missing.empty()) return {};
  std::vector<std::string> corners(missing.begin(), missing.end());
  if (corners.size() > kMaxCorners) {
    corners.resize(kMaxCorners);
    corners.push_back("others");
  }
  return {
      fmt::format("what of the gain is the kernel's and what the parallelism's: cells with {} "
                  "would tell",
                  fmt::join(corners, "; with "))};
}

}  // namespace moebench::reports
