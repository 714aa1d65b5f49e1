#include "reports/write/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "reports/write/engines.h"
#include "reports/write/format_value.h"
#include "reports/write/labels.h"

namespace moebench::reports {
namespace {

using Sentences = std::vector<std::string>;

// A share of memory below this is not worth a clause.
constexpr double kSameMemory = 0.005;

// A compared cell.
struct Compared {
  const Cell* cell;
  const Cell* reference;
  Gain gain;
};

std::vector<Compared> compared_cells(const ScenarioCells& scenario, const Reference& reference,
                                     const Gains& gains) {
  const std::vector<const Cell*> references = reference.of_cells(scenario);
  std::vector<Compared> compared;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const auto& gain = gains.of_cells()[i];
    if (gain) compared.push_back({&scenario.cells[i], references[i], *gain});
  }
  return compared;
}

const Compared& fastest_of(const std::vector<Compared>& compared) {
  return *std::ranges::max_element(compared, {},
                                   [](const Compared& one) { return one.gain.factor; });
}

// The axes that the baseline has, and the degrees that go with them.
std::vector<std::string> arm_axes(const ScenarioCells& scenario, const Reference& reference) {
  std::vector<std::string> axes = scenario.varying_axes;
  std::erase_if(axes, [&](const std::string& axis) {
    return !is_degree(axis) && std::ranges::none_of(reference.axes(), [&](const auto& value) {
      return value.first == axis;
    });
  });
  return axes;
}

std::string name_or(const std::string& label, const char* otherwise) {
  return label.empty() ? otherwise : label;
}

// " and peaks 34.5 % lower"; "" where that was not measured.
std::string memory_clause(const ScenarioCells& scenario, const Compared& best) {
  const char* metric = headline_metrics(scenario).front();
  const auto change = relative_change(*best.cell, best.reference, metric);
  if (std::string_view(metric) == "runtime" || !change) return "";
  if (std::abs(*change) < kSameMemory) return " and peaks as high";
  return fmt::format(" and peaks {} {}", format_share(std::abs(*change)),
                     *change < 0 ? "lower" : "higher");
}

std::string rounds_text(const std::optional<int>& rounds) {
  return rounds ? fmt::format("about {} repetitions", *rounds) : "more than 1000 repetitions";
}

// Of the cells that have one reference.
Sentences of_one_place(const ScenarioCells& scenario, const std::vector<std::string>& axes,
                       const std::vector<Compared>& compared) {
  const Compared& best = fastest_of(compared);
  const std::string name = name_or(label_of(*best.cell, axes), "the cell");
  const std::string base = name_or(label_of(*best.reference, axes), "its reference");
  const std::string gain = format_gain(best.gain);
  switch (best.gain.standing()) {
    case Standing::kUnproven:
      return {fmt::format(
          "{} trained {} as fast as {} in one round{}. One round cannot tell that from noise: "
          "at a scatter of {:.0f} % a run, {} would.",
          name, format_rough_factor(best.gain.factor), base, memory_clause(scenario, best),
          kAssumedScatter * 100, rounds_text(best.gain.rounds_to_decide))};
    case Standing::kUndecided:
      return {
          fmt::format("Nothing is faster than {} as far as these {} rounds tell: the best, {}, is "
                      "{}{}; {} would "
                      "decide, if it stays so.",
                      base, best.gain.rounds, name, gain, memory_clause(scenario, best),
                      rounds_text(best.gain.rounds_to_decide))};
    case Standing::kDecided:
      break;
  }
  if (best.gain.factor < 1) {
    return {fmt::format("{} is the fastest; the next, {}, trains {} as fast{}.", base, name, gain,
                        memory_clause(scenario, best))};
  }
  return {fmt::format("{} trains {} as fast as {}{}.", name, gain, base,
                      memory_clause(scenario, best))};
}

// Of an arm that is compared at several places of the matrix.
struct Spread {
  double smallest = 0, largest = 0, sum_of_logs = 0;
  int count = 0, faster = 0, slower = 0;

  void add(const Gain& gain) {
    smallest = count == 0 ? gain.factor : std::min(smallest, gain.factor);
    largest = std::max(largest, gain.factor);
    sum_of_logs += std::log(gain.factor);
    ++count;
    if (gain.standing() != Standing::kDecided) return;
    ++(gain.factor > 1 ? faster : slower);
  }
  double mean() const { return std::exp(sum_of_logs / count); }
};

Sentences of_many_places(const std::vector<std::string>& axes,
                         const std::vector<Compared>& compared) {
  std::map<std::string, Spread> arms;
  std::set<std::string> bases;
  for (const Compared& one : compared) {
    arms[name_or(label_of(*one.cell, axes), "the cells")].add(one.gain);
    bases.insert(name_or(label_of(*one.reference, axes), "their references"));
  }
  const auto best = std::ranges::max_element(
      arms, [](const auto& a, const auto& b) { return a.second.mean() < b.second.mean(); });
  const Spread& arm = best->second;
  Sentences sentences = {fmt::format(
      "{} trains {:.2g}x to {:.2g}x as fast as {} at {} places of the matrix (geometric mean "
      "{:.2g}x): faster at {}, slower at {}, undecided at {}.",
      best->first, arm.smallest, arm.largest, *bases.begin(), arm.count, arm.mean(), arm.faster,
      arm.slower, arm.count - arm.faster - arm.slower)};
  const auto unproven = std::ranges::count_if(
      compared, [](const Compared& one) { return one.gain.standing() == Standing::kUnproven; });
  if (unproven > 0) {
    sentences.push_back(
        fmt::format("{} of {} gains are of one round, which cannot tell them from noise: repeat "
                    "(repeats: auto).",
                    unproven, compared.size()));
  }
  return sentences;
}

// What the fastest of the cells that differ in both owes to each.
Sentences explanation(const ScenarioCells& scenario, const std::vector<std::string>& axes,
                      const std::vector<Attribution>& attributions, const Cell& fastest) {
  const auto by_gain = [](const Attribution& a, const Attribution& b) {
    return a.whole.factor < b.whole.factor;
  };
  const auto best = std::ranges::max_element(attributions, by_gain);
  if (best == attributions.end() || !best->kernel || !best->interaction) return {};
  const auto shown = [](const Gain& gain) {
    return gain.standing() == Standing::kUnproven ? format_rough_factor(gain.factor)
                                                  : format_gain(gain);
  };
  const Cell& cell = scenario.cells[best->cell];
  const std::string subject =
      &cell == &fastest
          ? "That is"
          : fmt::format("{} gains {}, which is", label_of(cell, axes), shown(best->whole));
  return {fmt::format(
      "{} {} by the kernel alone, times {} by the parallelism alone, times {} by both together.",
      subject, shown(*best->kernel), shown(*best->parallelism), shown(*best->interaction))};
}

// The arm with the lowest peak where the fastest has another: what it gives up for that.
Sentences lowest_memory(const ScenarioCells& scenario, const std::vector<std::string>& axes,
                        const std::vector<Compared>& compared) {
  const char* metric = headline_metrics(scenario).front();
  const auto change = [&](const Compared& one) {
    return relative_change(*one.cell, one.reference, metric).value_or(0);
  };
  if (std::string_view(metric) == "runtime") return {};
  const double of_fastest = change(fastest_of(compared));
  const auto lowest = std::ranges::min_element(compared, {}, change);
  if (change(*lowest) > -kSameMemory || change(*lowest) > of_fastest - kSameMemory) return {};
  return {fmt::format("{} needs least memory: it peaks {} lower and trains {} as fast.",
                      label_of(*lowest->cell, axes), format_share(-change(*lowest)),
                      lowest->gain.standing() == Standing::kUnproven
                          ? format_rough_factor(lowest->gain.factor)
                          : format_gain(lowest->gain))};
}

bool has_losses(const Cell& cell) { return cell.value("loss").has_value(); }

Sentences agreement(const ScenarioCells& scenario) {
  const auto failed = std::ranges::count_if(scenario.cells, [](const Cell& c) { return !c.ok(); });
  Sentences sentences;
  if (failed > 0) {
    sentences.push_back(
        fmt::format("{} of {} cells failed; they show no numbers.", failed, scenario.cells.size()));
  }
  std::map<std::string, int> workloads;
  for (const Cell& cell : scenario.cells) {
    if (cell.ok() && has_losses(cell) && !cell.first().workload.empty()) {
      ++workloads[cell.first().workload];
    }
  }
  const bool any = std::ranges::any_of(workloads, [](const auto& w) { return w.second > 1; });
  if (any) {
    sentences.push_back(failed > 0 ? "The others agree in loss where they do the same work."
                                   : "All arms that do the same work agree in loss.");
  }
  return sentences;
}

Sentences without_comparison(const ScenarioCells& scenario, const Reference& reference) {
  if (scenario.cells.size() == 1) {
    return {"There is one cell, so nothing to compare it with: give an axis a second value."};
  }
  if (scenario.ok_cells().empty()) return {};
  const auto serves = [&](const Cell& cell) { return reference.named_by(cell) && cell.ok(); };
  if (std::ranges::none_of(scenario.cells, serves)) {
    return {
        fmt::format("The baseline ({}) has no cell that is ok: run it again, or compare with "
                    "another one (--baseline AXIS=VALUE).",
                    reference.text())};
  }
  return {
      fmt::format("No cell can be compared with the baseline ({}): choose another one "
                  "(--baseline AXIS=VALUE).",
                  reference.text())};
}

}  // namespace

std::vector<std::string> answer_of(const ScenarioCells& scenario, const Reference& reference,
                                   const Gains& gains,
                                   const std::vector<Attribution>& attributions) {
  const std::vector<Compared> compared = compared_cells(scenario, reference, gains);
  Sentences sentences;
  if (compared.empty()) {
    sentences = without_comparison(scenario, reference);
  } else {
    const std::vector<std::string> axes = arm_axes(scenario, reference);
    const bool one_place = std::ranges::all_of(
        compared, [&](const Compared& one) { return one.reference == compared.front().reference; });
    sentences = one_place ? of_one_place(scenario, axes, compared) : of_many_places(axes, compared);
    if (one_place) {
      const Cell& fastest = *fastest_of(compared).cell;
      for (const Sentences& more : {explanation(scenario, axes, attributions, fastest),
                                    lowest_memory(scenario, axes, compared)}) {
        sentences.insert(sentences.end(), more.begin(), more.end());
      }
    }
  }
  const Sentences agreed = agreement(scenario);
  sentences.insert(sentences.end(), agreed.begin(), agreed.end());
  return sentences;
}

}  // namespace moebench::reports
