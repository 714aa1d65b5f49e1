#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

std::string joined(const std::vector<double>& samples) {
  std::string text;
  for (const double ns : samples) {
    text += (text.empty() ? "" : " ") + format_number(ns / kMilliseconds.divisor);
  }
  return text;
}

struct Warmup {
  std::optional<double> first;
  std::vector<double> others;
};

Warmup warmup_of(const record::CellRecord& record) {
  Warmup warmup = {record.value("first_step_time"), {}};
  if (const auto* metric = metric_of(record, "warmup_step_time")) {
    const auto& samples = metric->samples;
    if (!samples.empty()) warmup.others.assign(samples.begin() + 1, samples.end());
  }
  return warmup;
}

}  // namespace

Figures step_figures(const Subject& subject) {
  Table numbers = {key_column("cell"), number_column("repetition", kCount),
                   number_column("first step", kMilliseconds), words_column("other warm-up (ms)"),
                   words_column("steps (ms)")};
  Json steps = Json::array(), warmups = Json::array();
  int colour = 0;
  for (const Cell& cell : subject.scenario.ok_cells()) {
    const std::string label = label_of(subject.scenario, cell);
    Json points = Json::array(), before = Json::array();
    int at = 0;
    for (const record::CellRecord* record : cell.repetitions) {
      const record::Metric* step_time = metric_of(*record, "step_time");
      if (step_time == nullptr || step_time->samples.empty()) continue;
      const std::string name = fmt::format("repetition {}", record->repetition);
      const auto point = [&](double ns) {
        return Json{at++, ns / kMilliseconds.divisor, nullptr, nullptr, name};
      };
      const Warmup warmup = warmup_of(*record);
      if (warmup.first) before.push_back(point(*warmup.first));
      for (const double ns : warmup.others) before.push_back(point(ns));
      for (const double ns : step_time->samples) points.push_back(point(ns));
      points.push_back({at++, nullptr});  // parts the repetitions
      add_row(numbers, {label, static_cast<double>(record->repetition), warmup.first,
                        joined(warmup.others), joined(step_time->samples)});
    }
    if (points.empty()) continue;
    if (!before.empty()) {
      warmups.push_back({{"name", label},
                         {"colour", colour},
                         {"symbol", "hollow"},
                         {"size", 9},
                         {"points", std::move(before)}});
    }
    steps.push_back({{"name", label},
                     {"colour", colour},
                     {"line", true},
                     {"size", 4},
                     {"points", std::move(points)}});
    ++colour;
  }
  if (steps.empty()) return {};
  for (Json& series : warmups) steps.push_back(std::move(series));
  const Json data = {
      {"x", {{"title", "step, one repetition behind the other"}, {"unit", ""}, {"whole", true}}},
      {"y", to_json({"step time", kMilliseconds, true})},
      {"series", std::move(steps)}};
  return {make_figure("steps", "Every step of every repetition; hollow: warm-up", "xy", data,
                      std::move(numbers))};
}

}  // namespace moebench::reports
