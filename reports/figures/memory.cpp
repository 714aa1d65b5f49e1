#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "harness/base/parse.h"
#include "reports/figures/groups.h"
#include "reports/figures/stacked_bars.h"
#include "reports/write/format_value.h"
#include "reports/write/profile_values.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

constexpr std::array kParts = {"parameters",  "gradients",      "optimizer", "gathered",
                               "activations", "step_gradients", "update"};
// A line further out than this would leave no room for what is compared with it.
constexpr double kFarthest = 3;

// Memory of a rank's device; nullopt of CPUs, where ranks share the host's.
std::optional<double> device_bytes(const std::vector<Cell>& cells) {
  std::optional<double> smallest;
  for (const Cell& cell : cells) {
    const auto total = cell.value("gpu_memory_total");
    if (total) smallest = std::min(smallest.value_or(*total), *total);
  }
  return smallest;
}

std::string host_memory(const std::vector<Cell>& cells) {
  for (const Cell& cell : cells) {
    const auto total =
        parse_number<double>(record::fact(cell.first().environment, "memory_total_bytes"));
    if (!total) continue;
    const Unit unit = byte_unit({total});
    return fmt::format(" (the host has {} {})", format_number(*total / unit.divisor), unit.name);
  }
  return "";
}

}  // namespace

Figures memory_figures(const Subject& subject) {
  std::vector<Cell> cells = subject.scenario.ok_cells();
  std::erase_if(cells, [](const Cell& cell) { return !cell.value("mem_peak"); });
  if (cells.empty()) return {};
  const NumberStyle style = bytes_style_of(cells, "mem_peak");
  Table numbers = {key_column("cell"), number_column("measured peak", style, "mem_peak"),
                   number_column("of a steady step", style, "mem_peak_steady_step"),
                   number_column("estimate", style, "mem_estimate")};
  Json labels = Json::array();
  std::vector<Json> parts(kParts.size(), Json::array());
  Json peaks = Json::array(), steady = Json::array();
  for (const char* part : kParts) {
    numbers.push_back(number_column(part, style, fmt::format("mem_estimate_{}", part)));
  }
  double largest = 0;
  for (const Cell& cell : cells) {
    const std::string label = label_of(subject.scenario, cell);
    labels.push_back(label);
    const auto peak = cell.value("mem_peak"), second = cell.value("mem_peak_steady_step");
    largest = std::max({largest, *peak, cell.value("mem_estimate").value_or(0)});
    peaks.push_back(printed(peak, style));
    steady.push_back(printed(second, style));
    std::vector<Entry> row = {label, peak, second, cell.value("mem_estimate")};
    for (std::size_t i = 0; i < kParts.size(); ++i) {
      const auto bytes = cell.value(std::string("mem_estimate_") + kParts[i]);
      parts[i].push_back(printed(bytes, style));
      row.emplace_back(bytes);
    }
    add_row(numbers, std::move(row));
  }
  Json series = Json::array();
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    const bool is_any = std::ranges::any_of(
        parts[i], [](const Json& value) { return value.is_number() && value.get<double>() != 0; });
    if (!is_any) continue;
    series.push_back({{"name", kParts[i]}, {"stack", "estimate"}, {"values", std::move(parts[i])}});
  }
  Json marks = Json::array();
  marks.push_back({{"name", "measured peak"}, {"values", std::move(peaks)}});
  const bool has_steady =
      std::ranges::any_of(steady, [](const Json& value) { return value.is_number(); });
  if (has_steady) marks.push_back({{"name", "of a steady step"}, {"values", std::move(steady)}});
  std::string title = "Memory of a rank: estimate by part, measured peak";
  Json lines = Json::array();
  if (const auto device = device_bytes(cells)) {
    if (*device <= kFarthest * largest) {
      lines.push_back({{"value", printed(device, style)}, {"label", "device"}, {"strong", true}});
    } else {
      const Unit unit = byte_unit({device});
      title +=
          fmt::format(" (a device has {} {})", format_number(*device / unit.divisor), unit.name);
    }
  } else {
    title += host_memory(cells);
  }
  const Json data = {{"value", to_json({"memory", style})},
                     {"labels", std::move(labels)},
                     {"series", std::move(series)},
                     {"marks", std::move(marks)},
                     {"lines", std::move(lines)}};
  return {make_figure("memory", title, "bars", data, std::move(numbers))};
}

Figures memory_kind_figures(const Subject& subject) {
  constexpr std::array kKinds = {"parameters", "gathered",    "gradients", "full_gradients",
                                 "optimizer",  "activations", "dispatch"};
  Figures figures;
  for (const Cell& cell : subject.scenario.ok_cells()) {
    const std::vector<double> peaks = rank_values(cell, "mem_peak");
    if (peaks.empty() || names_after(cell, "mem_in_phase.").empty()) continue;
    const auto rank = static_cast<std::size_t>(std::ranges::max_element(peaks) - peaks.begin());
    const NumberStyle style = bytes_style({peaks[rank]});
    Table numbers = {key_column("phase")};
    StackedBars bars({"memory", style}, {kKinds.begin(), kKinds.end()});
    for (const char* kind : kKinds) numbers.push_back(number_column(kind, style));
    for (const std::string phase : kStepPhases) {
      std::vector<std::optional<double>> row;
      for (const char* kind : kKinds) {
        const auto ranks = rank_values(cell, "mem_in_phase." + phase + "." + kind);
        row.push_back(rank < ranks.size() ? ranks[rank] : 0);
      }
      if (std::ranges::all_of(row, [](const auto& bytes) { return bytes == 0; })) continue;
      std::vector<Entry> entries = {phase};
      for (const auto& bytes : row) entries.emplace_back(bytes);
      add_row(numbers, std::move(entries));
      bars.add(phase, std::move(row));
    }
    if (bars.empty()) continue;
    const std::string label = label_of(subject.scenario, cell);
    figures.push_back(make_figure(
        "memory_kinds-" + name_part(label),
        fmt::format("{}: memory at each phase's largest moment, by kind, rank {}", label, rank),
        "bars", bars.data(), std::move(numbers)));
  }
  return figures;
}

}  // namespace moebench::reports
