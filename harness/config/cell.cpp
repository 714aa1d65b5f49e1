#include "harness/config/cell.h"

#include <fmt/format.h>

#include <array>

#include "harness/base/error.h"
#include "harness/base/hash.h"

namespace moebench::config {

const char* to_string(ModelType value) {
  return value == ModelType::kMixtral ? "mixtral" : "granitemoe";
}

const char* to_string(Parallelism value) { return value == Parallelism::kFsdp ? "fsdp" : "ep"; }

const char* to_string(ExpertKernel value) {
  return value == ExpertKernel::kLoop ? "loop" : "grouped";
}

const char* to_string(Dtype value) { return value == Dtype::kBf16 ? "bf16" : "fp32"; }

const char* to_string(Device value) {
  constexpr std::array kNames = {"cpu", "cuda", "auto"};
  return kNames[static_cast<std::size_t>(value)];
}

const char* to_string(DeviceCollectives value) {
  return value == DeviceCollectives::kNccl ? "nccl" : "host";
}

const char* to_string(Optimizer value) {
  constexpr std::array kNames = {"fused", "foreach", "per_tensor"};
  return kNames[static_cast<std::size_t>(value)];
}

const char* to_string(DataSource value) {
  switch (value) {
    case DataSource::kText:
      return "text";
    case DataSource::kTokens:
      return "tokens";
    default:
      return "synthetic";
  }
}

std::string to_string(const Routing& value) {
  switch (value.kind) {
    case RoutingKind::kBalanced:
      return "balanced";
    case RoutingKind::kSkewed:
      return fmt::format("skewed({})", value.skew);
    case RoutingKind::kTrace:
      return fmt::format("trace({})", value.trace_file);
    default:
      return "learned";
  }
}

const char* to_string(Measure value) { return value == Measure::kTrain ? "train" : "load"; }

const char* to_string(Loader value) {
  constexpr std::array kNames = {"concat", "slice", "direct", "broadcast"};
  return kNames[static_cast<std::size_t>(value)];
}

const char* to_string(Cache value) {
  constexpr std::array kNames = {"any", "warm", "cold"};
  return kNames[static_cast<std::size_t>(value)];
}

const char* to_string(LoadIo value) {
  constexpr std::array kNames = {"auto", "buffered", "direct"};
  return kNames[static_cast<std::size_t>(value)];
}

const char* to_string(Profile value) {
  constexpr std::array<const char*, 4> kNames = {"none", "phases", "ops", "trace"};
  return kNames[static_cast<std::size_t>(value)];
}

Profile profile_from_string(const std::string& text) {
  for (const auto level : {Profile::kNone, Profile::kPhases, Profile::kOps, Profile::kTrace}) {
    if (text == to_string(level)) return level;
  }
  throw Error("unknown profile '{}'; use none, phases, ops or trace", text);
}

const char* to_string(LoadTensors value) { return value == LoadTensors::kAll ? "all" : "experts"; }

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
