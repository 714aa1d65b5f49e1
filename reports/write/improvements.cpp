#include "reports/write/improvements.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/base/error.h"

namespace moebench::reports {
namespace {

const AxisValues& default_axes() {
  static const AxisValues axes = {{"parallelism", "fsdp"}, {"expert_kernel", "loop"}};
  return axes;
}

bool has_axis(const AxisValues& axes, const std::string& name) {
  return std::any_of(axes.begin(), axes.end(), [&](const auto& a) { return a.first == name; });
}

// "parallelism: fsdp, ep; ranks: 2"
std::string axes_present(const std::vector<ScenarioCells>& scenarios) {
  std::vector<const record::CellRecord*> firsts;
  for (const auto& scenario : scenarios) {
    for (const Cell& cell : scenario.cells) firsts.push_back(&cell.first());
  }
  std::string text;
  for (const auto& name : axis_names(firsts)) {
    std::vector<std::string> values;
    for (const auto* first : firsts) {
      const std::string value = first->axis(name);
      const bool known = std::find(values.begin(), values.end(), value) != values.end();
      if (!known && !value.empty()) values.push_back(value);
    }
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, fmt::join(values, ", "));
  }
  return text;
}

const Cell* only_one_for(const Cell& cell, std::vector<const Cell*> candidates) {
  if (candidates.size() > 1) {
    std::erase_if(candidates, [&](const Cell* candidate) {
      const auto names = axis_names({&candidate->first(), &cell.first()});
      return std::ranges::any_of(names, [&](const auto& name) {
        return is_degree(name) && candidate->axis(name) != cell.axis(name);
      });
    });
  }
  return candidates.size() == 1 ? candidates.front() : nullptr;
}

}  // namespace

Reference::Reference(const std::vector<ScenarioCells>& scenarios, const AxisValues& axes)
    : axes_(axes.empty() ? default_axes() : axes), is_default_(axes.empty()) {
  if (axes.empty()) return;
  const bool found = std::any_of(scenarios.begin(), scenarios.end(),
                                 [&](const auto& scenario) { return exists_in(scenario); });
  if (!found) {
    throw Error("reference '{}' matches no cell; the results have these axes and values: {}",
                text(), axes_present(scenarios));
  }
}

bool Reference::exists_in(const ScenarioCells& scenario) const {
  return std::any_of(scenario.cells.begin(), scenario.cells.end(),
                     [&](const Cell& cell) { return named_by(cell); });
}

std::vector<const Cell*> Reference::of_cells(const ScenarioCells& scenario) const {
  std::map<AxisValues, std::vector<const Cell*>> candidates;
  for (const Cell& cell : scenario.cells) {
    if (named_by(cell)) candidates[other_axes(cell)].push_back(&cell);
  }
  std::vector<const Cell*> references;
  for (const Cell& cell : scenario.cells) {
    references.push_back(only_one_for(cell, candidates[other_axes(cell)]));
  }
  return references;
}

std::string Reference::text() const {
  std::string text;
  for (const auto& [name, value] : axes_) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
  }
  return text;
}

bool Reference::named_by(const Cell& cell) const {
  return std::all_of(axes_.begin(), axes_.end(), [&](const auto& axis) {
    const std::string value = cell.axis(axis.first);
    // What the user names must be stated; of the default axes another engine may know none.
    const bool is_unknown = is_default_ && value.empty() && axis.first != "parallelism";
    return !axis.second.empty() && (value == axis.second || is_unknown);
  });
}

// Returns the axes in which a reference must equal the cell, sorted; an axis without a value is as
// one that is missing.
AxisValues Reference::other_axes(const Cell& cell) const {
  AxisValues others = cell.first().axes;
  std::erase_if(others, [&](const auto& axis) {
    return is_degree(axis.first) || axis.second.empty() || has_axis(axes_, axis.first);
  });
  std::ranges::sort(others);
  return others;
}

std::optional<double> ratio(const Cell& cell, const Cell* reference, const char* metric) {
  if (!reference || !cell.ok() || !reference->ok()) return std::nullopt;
  const auto value = cell.value(metric);
  const auto base = reference->value(metric);
  if (!value || !base || *base == 0) return std::nullopt;
  return *value / *base;
}

std::optional<double> relative_change(const Cell& cell, const Cell* reference, const char* metric) {
  const auto quotient = ratio(cell, reference, metric);
  return quotient ? std::optional(*quotient - 1) : std::nullopt;
}

}  // namespace moebench::reports
