#include "reports/write/improvements.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/base/error.h"
#include "harness/base/words.h"
#include "harness/config/engine.h"
#include "reports/write/axis_values.h"

namespace moebench::reports {
namespace {

bool has_name(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::count(names, name) > 0;
}

bool has_values(const Cell& cell, const AxisValues& axes) {
  return std::ranges::all_of(axes, [&](const auto& axis) {
    return !axis.second.empty() && cell.axis(axis.first) == axis.second;
  });
}

const Cell* first_with(const ScenarioCells& scenario, const AxisValues& axes) {
  const auto found = std::ranges::find_if(scenario.cells,
                                          [&](const Cell& cell) { return has_values(cell, axes); });
  return found == scenario.cells.end() ? nullptr : &*found;
}

// The axes that tell the arms of a comparison apart, the plainest difference first.
std::vector<std::string> comparing_axes(const ScenarioCells& scenario) {
  const auto varies = [&](const std::string& axis) {
    return std::ranges::count(scenario.varying_axes, axis) > 0;
  };
  // Builds that ran in pairs were run to be compared.
  if (varies("arm")) return {"arm"};
  std::vector<std::string> axes;
  for (const char* axis : {"parallelism", "expert_kernel"}) {
    if (varies(axis)) axes.emplace_back(axis);
  }
  if (!axes.empty()) return axes;
  if (varies("engine")) return {"engine"};
  if (!scenario.varying_axes.empty()) return {scenario.varying_axes.front()};
  return {"parallelism", "expert_kernel"};
}

AxisValues values_of(const Cell& cell, const std::vector<std::string>& axes) {
  AxisValues values;
  for (const std::string& axis : axes) values.emplace_back(axis, cell.axis(axis));
  return values;
}

// FSDP alone with the plain expert loop where there is such a cell, else what comes closest to it,
// else the first cell.
AxisValues found_baseline(const ScenarioCells& scenario) {
  const std::vector<std::string> axes = comparing_axes(scenario);
  const AxisValues plain[] = {{{"parallelism", "fsdp"}, {"expert_kernel", "loop"}},
                              {{"parallelism", "fsdp"}},
                              {{"expert_kernel", "loop"}},
                              {{"arm", "base"}},
                              {{"engine", config::kBuiltinEngine}}};
  for (AxisValues values : plain) {
    std::erase_if(values, [&](const auto& axis) { return !has_name(axes, axis.first); });
    const Cell* cell = values.empty() ? nullptr : first_with(scenario, values);
    if (cell) return values_of(*cell, axes);
  }
  return values_of(scenario.cells.front(), axes);
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

std::string reference_text(const AxisValues& axes) {
  std::string text;
  for (const auto& [name, value] : axes) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, value);
  }
  return text;
}

bool has_axis(const AxisValues& axes, const std::string& name) {
  return std::any_of(axes.begin(), axes.end(), [&](const auto& a) { return a.first == name; });
}

std::vector<const record::CellRecord*> first_records(const std::vector<ScenarioCells>& scenarios) {
  std::vector<const record::CellRecord*> firsts;
  for (const auto& scenario : scenarios) {
    for (const Cell& cell : scenario.cells) firsts.push_back(&cell.first());
  }
  return firsts;
}

// Each once, in the order of the records.
std::vector<std::string> values_present(const std::vector<const record::CellRecord*>& records,
                                        const std::string& axis) {
  std::vector<std::string> values;
  for (const record::CellRecord* record : records) {
    const std::string value = record->axis(axis);
    if (!value.empty() && !has_name(values, value)) values.push_back(value);
  }
  return values;
}

// "parallelism: fsdp, ep; ranks: 2"
std::string axes_present(const std::vector<const record::CellRecord*>& records) {
  std::string text;
  for (const auto& name : axis_names(records)) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name,
                        fmt::join(values_present(records, name), ", "));
  }
  return text;
}

// A name or a value that no record has is most often a slip.
void check_words(const std::vector<const record::CellRecord*>& records, const AxisValues& axes) {
  const std::vector<std::string> names = axis_names(records);
  for (const auto& [name, value] : axes) {
    if (!has_name(names, name)) {
      throw Error("--baseline: the results have no axis '{}'; {}", shortened(name),
                  suggestion_and_list(name, names));
    }
    const auto values = values_present(records, name);
    if (!has_name(values, value)) {
      throw Error("--baseline: no result has {}={}; {}", name, shortened(value),
                  suggestion(value, values));
    }
  }
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

Reference::Reference(const ScenarioCells& scenario, const AxisValues& asked) {
  for (const AxisValues& axes : {asked, scenario.baseline}) {
    axes_ = axes;
    if (!axes_.empty() && first_with(scenario, axes_)) return;
  }
  axes_ = found_baseline(scenario);
}

void check_baseline(const std::vector<ScenarioCells>& scenarios, const AxisValues& axes) {
  if (axes.empty()) return;
  const bool found = std::ranges::any_of(
      scenarios, [&](const ScenarioCells& scenario) { return first_with(scenario, axes); });
  if (found) return;
  const auto records = first_records(scenarios);
  check_words(records, axes);
  throw Error("baseline '{}' matches no cell; the results have these axes and values: {}",
              reference_text(axes), axes_present(records));
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

std::string Reference::text() const { return reference_text(axes_); }

bool Reference::named_by(const Cell& cell) const { return has_values(cell, axes_); }

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
