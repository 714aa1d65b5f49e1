#include "harness/train/routing_metrics.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "harness/model/forced_routing.h"
#include "harness/record/put_metric.h"

namespace moebench::train {

void write_routing(const RoutingCounts& counts, const config::ModelConfig& model,
                   record::Metrics& metrics) {
  const auto& rows = counts.tokens_per_expert;
  put_series(metrics, "tokens_per_expert", {rows.begin(), rows.end()});
  metrics["tokens_per_expert"].shape = {model.num_sparse_layers(), model.num_experts};
  put(metrics, "routed_rows", counts.routed_rows);
  put(metrics, "padded_rows", counts.padded_rows);
}

std::string check_routing(const RoutingCounts& counts, const PassInputs& inputs,
                          std::int64_t first_step) {
  const config::CellConfig& cell = inputs.cell;
  const auto forced = model::make_forced_routing(cell);
  if (!forced) return "";
  std::vector<std::int64_t> chosen(counts.tokens_per_expert.size());
  for (std::int64_t step = first_step; step < first_step + cell.steps; ++step) {
    for (std::int64_t i = 0; i < cell.grad_accumulation; ++i) {
      const auto batch = inputs.data.micro_batch(step, i * cell.ranks + inputs.world.rank());
      model::count_choices(*forced, cell.model, {batch.first_row, batch.num_samples, batch.length},
                           chosen);
    }
  }
  std::vector<double> difference;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    difference.push_back(static_cast<double>(counts.tokens_per_expert[i] - chosen[i]));
  }
  inputs.world.all_reduce_sum(difference);
  const auto wrong = std::ranges::find_if(difference, [](double rows) { return rows != 0; });
  if (wrong == difference.end()) return "";
  const auto place = wrong - difference.begin();
  return fmt::format("expert {} of layer {} computed {:+} rows against its routing",
                     place % cell.model.num_experts,
                     cell.model.sparse_layer(place / cell.model.num_experts), *wrong);
}

}  // namespace moebench::train
