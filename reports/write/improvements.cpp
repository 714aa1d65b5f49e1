#include "reports/write/improvements.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/base/error.h"

namespace moebench::reports {
namespace {

bool any_has(const std::vector<ScenarioCells>& scenarios, const AxisValues& axes) {
  const auto has = [&](const Cell& cell) {
    return std::ranges::all_of(
        axes, [&](const auto& axis) { return cell.axis(axis.first) == axis.second; });
  };
  return std::ranges::any_of(scenarios, [&](const ScenarioCells& scenario) {
    return std::ranges::any_of(scenario.cells, has);
  });
}

// FSDP alone with the plain expert loop; with any kernel where no cell has that one.
AxisValues default_axes(const std::vector<ScenarioCells>& scenarios) {
  const AxisValues plain = {{"parallelism", "fsdp"}, {"expert_kernel", "loop"}};
  const AxisValues any_kernel = {plain.front()};
  return !any_has(scenarios, plain) && any_has(scenarios, any_kernel) ? any_kernel : plain;
}

// Sorted as other_axes() are. An axis that only one of the two states says nothing: engines take
// notice of different ones.
bool agree_where_both_state(const AxisValues& a, const AxisValues& b) {
  return std::ranges::all_of(a, [&](const auto& axis) {
    const auto other =
        std::ranges::lower_bound(b, axis.first, {}, [](const auto& entry) { return entry.first; });
    return other == b.end() || other->first != axis.first || other->second == axis.second;
  });
}

bool all_state_the_same_axes(const ScenarioCells& scenario) {
  const auto names = [](const Cell& cell) {
    std::vector<std::string> stated;
    for (const auto& [name, value] : cell.first().axes) stated.push_back(name);
    return stated;
  };
  return std::ranges::all_of(scenario.cells, [&](const Cell& cell) {
    return names(cell) == names(scenario.cells.front());
  });
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
    : axes_(axes.empty() ? default_axes(scenarios) : axes) {
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
  const bool is_uniform = all_state_the_same_axes(scenario);
  std::vector<const Cell*> references;
  for (const Cell& cell : scenario.cells) {
    const AxisValues axes = other_axes(cell);
    std::vector<const Cell*> of_cell;
    if (is_uniform) {
      of_cell = candidates[axes];
    } else {
      for (const auto& [other, cells] : candidates) {
        if (!agree_where_both_state(axes, other)) continue;
        of_cell.insert(of_cell.end(), cells.begin(), cells.end());
      }
    }
    references.push_back(only_one_for(cell, of_cell));
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
    return !axis.second.empty() && cell.axis(axis.first) == axis.second;
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
