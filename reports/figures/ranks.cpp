#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"
#include "reports/figures/stacked_bars.h"
#include "reports/write/profile_values.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

// Parts of the time of one rank's step.
struct Parts {
  double work = 0;
  double wait = 0;
  double transfer = 0;
};

// What a profile found.
std::vector<Parts> profiled_parts(const Cell& cell) {
  const auto step = rank_values(cell, "profile_phases_step_time");
  const auto wait = rank_values(cell, "collective_wait");
  const auto transfer = rank_values(cell, "collective_transfer");
  if (step.empty() || wait.size() != step.size() || transfer.size() != step.size()) return {};
  std::vector<Parts> parts;
  for (std::size_t rank = 0; rank < step.size(); ++rank) {
    parts.push_back(
        {std::max(0.0, step[rank] - wait[rank] - transfer[rank]), wait[rank], transfer[rank]});
  }
  return parts;
}

Figure profiled_figure(const Subject& subject, const std::vector<Cell>& cells) {
  Table numbers = {key_column("cell"),
                   number_column("rank", kCount),
                   number_column("work", kMilliseconds),
                   number_column("wait", kMilliseconds),
                   number_column("transfer", kMilliseconds),
                   number_column("others waited for it", kMilliseconds, "skew")};
  StackedBars bars(kStepTime, {"work", "waiting", "transfer"});
  for (const Cell& cell : cells) {
    const auto skew = rank_values(cell, "collective_skew");
    const std::vector<Parts> parts = profiled_parts(cell);
    for (std::size_t rank = 0; rank < parts.size(); ++rank) {
      const std::string label = label_of(subject.scenario, cell);
      bars.add(rank_label(label, rank), {parts[rank].work, parts[rank].wait, parts[rank].transfer});
      add_row(numbers, {label, static_cast<double>(rank), parts[rank].work, parts[rank].wait,
                        parts[rank].transfer, rank < skew.size() ? Entry(skew[rank]) : Entry()});
    }
  }
  return make_figure("ranks", "What each rank does in a profiled step", "bars", bars.data(),
                     std::move(numbers));
}

bool exchanges(const std::string& phase) {
  for (const char* exchange : {"gather", "reduce", "dispatch", "combine"}) {
    if (phase.starts_with(exchange)) return true;
  }
  return false;
}

// Without a profile: phases in which ranks exchange, which hold what they wait for each other.
Figure phase_sums_figure(const Subject& subject, const std::vector<Cell>& cells) {
  Table numbers = {key_column("cell"), number_column("rank", kCount),
                   number_column("computing", kMilliseconds),
                   number_column("exchanging", kMilliseconds)};
  StackedBars bars(kStepTime, {"computing", "exchanging, with waiting"});
  for (const Cell& cell : cells) {
    std::vector<double> sums[2];
    for (const std::string phase : kStepPhases) {
      const record::Metric* metric = metric_of(cell.typical(), "phase_time_" + phase);
      if (metric == nullptr) continue;
      std::vector<double>& sum = sums[exchanges(phase) ? 1 : 0];
      sum.resize(std::max(sum.size(), metric->per_rank.size()));
      for (std::size_t rank = 0; rank < metric->per_rank.size(); ++rank) {
        sum[rank] += metric->per_rank[rank].value_or(0);
      }
    }
    const std::size_t ranks = std::max(sums[0].size(), sums[1].size());
    for (std::vector<double>& sum : sums) sum.resize(ranks);
    const std::string label = label_of(subject.scenario, cell);
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      bars.add(rank_label(label, rank), {sums[0][rank], sums[1][rank]});
      add_row(numbers, {label, static_cast<double>(rank), sums[0][rank], sums[1][rank]});
    }
  }
  return make_figure("ranks", "What each rank does in a step; a profile tells waiting apart",
                     "bars", bars.data(), std::move(numbers));
}

}  // namespace

Figures rank_figures(const Subject& subject) {
  const std::vector<Cell> cells = subject.scenario.ok_cells();
  std::vector<Cell> profiled = cells;
  std::erase_if(profiled, [](const Cell& cell) { return profiled_parts(cell).size() < 2; });
  if (!profiled.empty()) return {profiled_figure(subject, profiled)};
  std::vector<Cell> timed = cells;
  std::erase_if(timed, [](const Cell& cell) {
    const record::Metric* metric = metric_of(cell.typical(), "phase_time_attention");
    return metric == nullptr || metric->per_rank.size() < 2;
  });
  if (timed.empty()) return {};
  return {phase_sums_figure(subject, timed)};
}

Figures gemm_figures(const Subject& subject) {
  const std::vector<Cell> cells = subject.scenario.ok_cells();
  Table shares = {key_column("cell"), number_column("model FLOPs", kShare, "gemm_share"),
                  number_column("with recompute", kShare, "hardware_gemm_share")};
  Table rates = {key_column("cell"), number_column("rank", kCount),
                 number_column("GEMM rate", {"FLOP/s", "GFLOP/s", 1e9}, "gemm_flops_per_second")};
  Json share_labels = Json::array(), model = Json::array(), hardware = Json::array();
  Json rate_labels = Json::array(), measured = Json::array();
  constexpr NumberStyle kPercent = {.printed_unit = "%", .divisor = 0.01};
  bool any_recomputes = false;
  for (const Cell& cell : cells) {
    const std::string label = label_of(subject.scenario, cell);
    const auto share = subject.rates.share(cell.typical(), "model_flops_per_second", "gemm_share");
    const auto with_recompute =
        subject.rates.share(cell.typical(), "hardware_flops_per_second", "hardware_gemm_share");
    if (share) {
      share_labels.push_back(label);
      model.push_back(printed(share, kPercent));
      hardware.push_back(printed(with_recompute, kPercent));
      any_recomputes |= recomputes(cell);
      add_row(shares, {label, share, with_recompute});
    }
    const record::Metric* rate = metric_of(cell.typical(), "gemm_flops_per_second");
    for (std::size_t rank = 0; rate != nullptr && rank < rate->per_rank.size(); ++rank) {
      rate_labels.push_back(rank_label(label, rank));
      measured.push_back(printed(rate->per_rank[rank], {.divisor = 1e9}));
      add_row(rates, {label, static_cast<double>(rank), rate->per_rank[rank]});
    }
  }
  Figures figures;
  if (!share_labels.empty()) {
    Json series = Json::array();
    series.push_back({{"name", "model FLOPs"}, {"values", std::move(model)}});
    if (any_recomputes) {
      series.push_back({{"name", "with recompute"}, {"values", std::move(hardware)}});
    }
    const Json data = {{"value", to_json({"share of GEMM rate", kPercent})},
                       {"labels", std::move(share_labels)},
                       {"series", std::move(series)}};
    figures.push_back(make_figure("gemm_share", "Share of the machine's GEMM rate (MFU)", "bars",
                                  data, std::move(shares)));
  }
  if (!rate_labels.empty()) {
    Json series = Json::array();
    series.push_back({{"name", "GEMM rate"}, {"values", std::move(measured)}});
    const Json data = {{"value", to_json({"GEMM rate", {"FLOP/s", "GFLOP/s", 1e9}})},
                       {"labels", std::move(rate_labels)},
                       {"series", std::move(series)}};
    figures.push_back(
        make_figure("gemm_rate",
                    "GEMM rate that was measured of each rank before steps; unlike ones: disturbed",
                    "bars", data, std::move(rates)));
  }
  return figures;
}

}  // namespace moebench::reports
