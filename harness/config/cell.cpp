#include "harness/config/cell.h"

#include <fmt/format.h>

#include "harness/base/hash.h"

namespace moebench::config {

std::string to_string(const Routing& value) {
  switch (value.kind) {
    case RoutingKind::kLearned:
    case RoutingKind::kBalanced:
      break;
    case RoutingKind::kSkewed:
      return fmt::format("{}({})", to_string(value.kind), value.skew);
    case RoutingKind::kTrace:
      return fmt::format("{}({})", to_string(value.kind), value.trace_file);
  }
  return to_string(value.kind);
}

std::vector<std::pair<std::string, std::string>> CellConfig::axes() const {
  return {{"model", model.name},
          {"parallelism", to_string(parallelism)},
          {"ep_degree", fmt::to_string(ep_degree)},
          {"expert_kernel", to_string(expert_kernel)},
          {"ranks", fmt::to_string(ranks)},
          {"micro_batch", fmt::to_string(micro_batch)},
          {"grad_accumulation", fmt::to_string(grad_accumulation)},
          {"seq_len", fmt::to_string(seq_len)},
          {"packing", fmt::to_string(packing)},
          {"dtype", to_string(dtype)},
          {"activation_checkpointing", fmt::to_string(activation_checkpointing)},
          {"gathers", fmt::to_string(gathers)},
          {"prefetch", fmt::to_string(prefetch)},
          {"sync_each_batch", fmt::to_string(sync_each_batch)},
          {"optimizer", to_string(optimizer)},
          {"keep_gradients", fmt::to_string(keep_gradients)},
          {"routing", to_string(routing)},
          {"seed", fmt::to_string(seed)},
          {"loader", to_string(load.loader)},
          {"cache", to_string(load.cache)}};
}

std::string CellConfig::id() const { return hash_hex(canonical_text(), 12); }

std::string CellConfig::workload() const {
  const CellConfig defaults;
  CellConfig cell = *this;
  cell.parallelism = defaults.parallelism;
  cell.ep_degree = defaults.ep_degree;
  cell.expert_kernel = defaults.expert_kernel;
  cell.activation_checkpointing = defaults.activation_checkpointing;
  cell.gathers = defaults.gathers;
  cell.prefetch = defaults.prefetch;
  cell.sync_each_batch = defaults.sync_each_batch;
  cell.optimizer = defaults.optimizer;
  cell.keep_gradients = defaults.keep_gradients;
  cell.threads_per_rank = defaults.threads_per_rank;
  cell.device = defaults.device;
  cell.reduce_dtype = defaults.reduce_dtype;
  cell.device_collectives = defaults.device_collectives;
  cell.checkpoint_every = defaults.checkpoint_every;
  cell.load = defaults.load;
  cell.grad_accumulation *= cell.ranks;
  cell.ranks = defaults.ranks;
  return cell.id();
}

}  // namespace moebench::config
