#include "harness/estimate/traffic.h"

#include "harness/estimate/model_size.h"
#include "harness/partition/partition.h"

namespace moebench::estimate {
namespace {

// Of what a ring all-gather or reduce-scatter works on, this much leaves each rank.
double leaving(std::int64_t ranks) {
  return static_cast<double>(ranks - 1) / static_cast<double>(ranks);
}

double unit_bytes(const partition::Unit& unit, double element_bytes) {
  return static_cast<double>(unit.padded_elements()) * element_bytes *
         leaving(unit.shard_group.size);
}

double copies_bytes(const partition::Unit& unit, double element_bytes) {
  return 2 * leaving(unit.replica_group.size) * static_cast<double>(unit.slice_elements) *
         element_bytes;
}

// Dispatch and combine of a layer: forward, again where the layer is computed again, and backward.
double exchange_bytes(const config::CellConfig& cell, double element_bytes) {
  const double rows = static_cast<double>(cell.micro_batch * cell.seq_len * cell.model.top_k);
  const int times = cell.activation_checkpointing ? 3 : 2;
  return 2 * times * rows * static_cast<double>(cell.model.hidden_size) * element_bytes *
         leaving(cell.ep_degree) * static_cast<double>(cell.model.num_sparse_layers());
}

}  // namespace

Traffic estimate_traffic(const config::CellConfig& cell) {
  const auto element_bytes = static_cast<double>(config::element_bytes(cell.dtype));
  const auto micro_batches = static_cast<double>(cell.grad_accumulation);
  const double reductions = cell.sync_each_batch ? micro_batches : 1;
  const partition::Partition partition(cell, 0);
  Traffic traffic;
  const partition::Unit root = partition.root();
  traffic.gathers = unit_bytes(root, element_bytes);
  traffic.reductions =
      reductions * (unit_bytes(root, element_bytes) + copies_bytes(root, element_bytes));
  for (std::int64_t layer = 0; layer < cell.model.num_layers; ++layer) {
    for (const partition::Unit& unit : partition.layer(layer)) {
      const double bytes = unit_bytes(unit, element_bytes);
      traffic.gathers += micro_batches * static_cast<double>(cell.gathers) * bytes;
      traffic.reductions += reductions * (bytes + copies_bytes(unit, element_bytes));
    }
  }
  traffic.exchanges = micro_batches * exchange_bytes(cell, element_bytes);
  const ModelFlops flops(cell.model);
  const double a_sequence = flops.per_sequence(cell.seq_len) +
                            (cell.activation_checkpointing ? flops.recomputed(cell.seq_len) : 0);
  traffic.flops = micro_batches * static_cast<double>(cell.micro_batch) * a_sequence;
  return traffic;
}

}  // namespace moebench::estimate
