#include "harness/record/metric_catalogue.h"

#include <algorithm>
#include <array>

#include "harness/base/check.h"

namespace moebench::record {
namespace {

using enum OverRanks;
using enum MetricFormat;
using enum Required;

// The allocator repeats to the byte; the room is for what a library may round elsewhere, and for
// its scratch buffers and a message more or less. Of the smallest models in use (20 to 30 MB) that
// is 2 %, the least slowdown that counts as well; of those that fill a device it is nothing.
constexpr GateRule kNoMoreMemory{GateRule::Kind::kNoMore, 1e-3, 5e5};
constexpr GateRule kNoMoreBytesRead{GateRule::Kind::kNoMore, 1e-3};
constexpr GateRule kNoMoreAtAll{GateRule::Kind::kNoMore, 0};
constexpr GateRule kTheSame{GateRule::Kind::kSame, 0};
constexpr GateRule kTheSameLoss{GateRule::Kind::kLoss, 0};

constexpr auto kCatalogue = std::to_array<MetricInfo>({
    // Memory.
    {"mem_alloc", "bytes", kLargest,
     "live bytes of the tensor allocator at the end of the memory pass", "mem_alloc", kByUnit,
     kTraining, kNoMoreMemory},
    {"mem_peak", "bytes", kLargest,
     "peak bytes of the tensor allocator over the steps of the memory pass", "mem_peak", kByUnit,
     kTraining, kNoMoreMemory},
    {"mem_alloc_load", "bytes", kLargest, "live bytes once the initial weights are in place",
     "alloc load"},
    {"mem_peak_load", "bytes", kLargest, "peak bytes until the initial weights are in place",
     "peak load"},
    {"mem_alloc_first_step", "bytes", kLargest, "live bytes at the end of the first step"},
    {"mem_peak_first_step", "bytes", kLargest, "peak bytes within the first step",
     "peak first step"},
    {"mem_alloc_steady_step", "bytes", kLargest, "live bytes at the end of a steady step"},
    {"mem_peak_steady_step", "bytes", kLargest, "peak bytes within a steady step",
     "peak steady step"},
    {"mem_reserved_load", "bytes", kLargest,
     "peak of what a GPU's caching allocator held until the initial weights are in place",
     "reserved load"},
    {"mem_reserved_first_step", "bytes", kLargest,
     "peak of what a GPU's caching allocator held in the first step", "reserved first step"},
    {"mem_reserved_steady_step", "bytes", kLargest,
     "peak of what a GPU's caching allocator held in a steady step", "reserved steady step"},
    {"mem_device_load", "bytes", kLargest,
     "all that is in use of a GPU's memory once the initial weights are in place"},
    {"mem_device_first_step", "bytes", kLargest,
     "all that is in use of a GPU's memory after the first step"},
    {"mem_device_steady_step", "bytes", kLargest,
     "all that is in use of a GPU's memory after a steady step", "device steady step"},
    {"mem_outside_allocator_load", "bytes", kLargest,
     "mem_device_load without what the caching allocator then holds"},
    {"mem_outside_allocator_first_step", "bytes", kLargest,
     "mem_device_first_step without what the caching allocator then holds"},
    {"mem_outside_allocator_steady_step", "bytes", kLargest,
     "mem_device_steady_step without what the caching allocator then holds", "outside allocator"},
    {"mem_alloc_retries", "1", kLargest,
     "allocations in the memory pass that had to give cached memory back first",
     "allocator retries"},
    {"mem_estimate", "bytes", kNotOfRanks, "analytic estimate of mem_peak, from the cell alone",
     "est. peak"},
    {"mem_estimate_alloc", "bytes", kNotOfRanks, "analytic estimate of mem_alloc", "est. alloc"},
    {"mem_estimate_parameters", "bytes", kNotOfRanks, "part of mem_estimate: parameters"},
    {"mem_estimate_gradients", "bytes", kNotOfRanks,
     "part of mem_estimate: gradients kept between steps"},
    {"mem_estimate_optimizer", "bytes", kNotOfRanks, "part of mem_estimate: the optimizer's state"},
    {"mem_estimate_gathered", "bytes", kNotOfRanks, "part of mem_estimate: gathered units",
     "est. gathered"},
    {"mem_estimate_activations", "bytes", kNotOfRanks, "part of mem_estimate: activations",
     "est. activations"},
    {"mem_estimate_step_gradients", "bytes", kNotOfRanks,
     "part of mem_estimate: gradients not kept between steps"},
    {"mem_estimate_update", "bytes", kNotOfRanks,
     "part of mem_estimate: temporaries of the optimizer"},
    {"rss_peak", "bytes", kLargest, "peak resident memory of the process after the measured steps",
     "rss_peak", kByUnit, kTraining},
    {"rss_baseline", "bytes", kLargest, "resident memory before anything was measured"},
    {"rss_load", "bytes", kLargest, "resident memory after loading"},
    {"rss_end", "bytes", kLargest, "resident memory at the end of the memory pass"},
    {"rss_outside_load", "bytes", kLargest, "rss_load without live tensors and rss_baseline",
     "outside load"},
    {"rss_outside_end", "bytes", kLargest, "rss_end without live tensors and rss_baseline",
     "outside end"},

    // Times and rates of training.
    {"runtime", "ns", kNotOfRanks, "sum over the measured steps of the slowest rank's time",
     "runtime", kByUnit, kTraining},
    {"step_time", "ns", kSlowest, "a measured step of the slowest rank, median over the steps",
     "step", kByUnit, kTraining},
    {"phase_time_*", "ns", kMean,
     "time of a measured step in the phase, mean over steps and ranks"},
    {"hidden_time_*", "ns", kMean,
     "time of a measured step in which messages of the phase were on their way while the rank did "
     "not wait for any, mean over steps and ranks"},
    {"first_step_time", "ns", kLargest, "the first warm-up step", "first step", kByUnit, kWarmUp},
    {"warmup_step_time", "ns", kSlowest,
     "a warm-up step of the slowest rank, median over them; the first is first_step_time"},
    {"load_time", "ns", kLargest, "from start to initial weights in place", "load", kByUnit,
     kAlways},
    {"checkpoint_load_time", "ns", kLargest,
     "part of load_time: verifying and reading the checkpoint that is resumed", "load checkpoint",
     kByUnit, kResuming},
    {"checkpoint_save_time", "ns", kSlowest,
     "one save between two steps of the slowest rank, median over the saves", "save checkpoint",
     kByUnit, kSaving},
    {"checkpoint_bytes", "bytes", kSum, "files of the last checkpoint", "checkpoint", kByUnit,
     kSaving},
    {"real_tokens", "tokens", kSum, "tokens of the data in the measured steps", "real tokens",
     kCount, kTraining, kTheSame},
    {"padding_tokens", "tokens", kSum, "tokens added up to the longest sample of a micro-batch",
     "padding tokens", kCount, kTraining, kTheSame},
    {"loss_tokens", "tokens", kSum, "positions that have a next token to predict", "loss tokens",
     kCount, kTraining, kTheSame},
    {"tokens_per_second", "tokens/s", kNotOfRanks,
     "real tokens of a rank / runtime, mean over ranks", "tokens/s", kByUnit, kTraining},
    {"padded_tokens_per_second", "tokens/s", kNotOfRanks, "tokens/s with padding counted",
     "padded tokens/s", kByUnit, kTraining},
    {"global_tokens_per_second", "tokens/s", kNotOfRanks, "real tokens of all ranks / runtime",
     "global tokens/s"},
    {"network_bandwidth", "bytes/s", kSmallest,
     "what a host sends to the next while it receives as much, slowest host's", "link bandwidth"},
    {"network_latency", "ns", kLargest, "an exchange of 8 bytes with the next host, slowest host's",
     "link latency"},
    {"gemm_flops_per_second", "FLOP/s", kSmallest, "the machine's measured GEMM rate a core"},
    {"model_flops", "FLOP", kSum,
     "model FLOPs of the measured steps: of real tokens, recomputation excluded"},
    {"model_flops_per_second", "FLOP/s", kNotOfRanks,
     "model FLOPs a second and rank, mean over ranks"},
    {"gemm_share", "1", kNotOfRanks,
     "model FLOPs a second and rank / the rank's measured GEMM rate, mean over ranks",
     "share of GEMM rate", kShare},
    {"hardware_flops", "FLOP", kSum,
     "model_flops and what activation checkpointing computes again"},
    {"hardware_flops_per_second", "FLOP/s", kNotOfRanks,
     "hardware FLOPs a second and rank, mean over ranks"},
    {"hardware_gemm_share", "1", kNotOfRanks,
     "hardware FLOPs a second and rank / the rank's measured GEMM rate, mean over ranks",
     "with recompute", kShare},

    // Routing.
    {"tokens_per_expert", "rows", kAddUp, "rows that each expert computed, by layer", "", kByUnit,
     kTraining},
    {"routed_rows", "rows", kSum, "expert choices of all tokens: tokens x top_k x layers"},
    {"dropped_rows", "rows", kNotOfRanks, "routed rows that no expert computed", "", kByUnit,
     kNever, kNoMoreAtAll},
    {"padded_rows", "rows", kSum, "rows computed beside the routed ones to fill up groups"},
    {"expert_imbalance", "1", kNotOfRanks,
     "rows of the busiest expert / mean over the experts, worst layer", "expert imbalance"},
    {"expert_load_cv", "1", kNotOfRanks,
     "standard deviation / mean of the experts' rows, worst layer"},
    {"rank_imbalance", "1", kNotOfRanks,
     "rows of the busiest rank's experts / mean over the ranks, worst layer", "rank imbalance"},
    {"rank_load_cv", "1", kNotOfRanks, "standard deviation / mean of the ranks' rows, worst layer"},

    // Loading. The stages exclude each other and add up to the load's time.
    {"load_bytes_kept", "bytes", kLargest, "what a rank holds after the load", "", kByUnit,
     kLoading},
    {"load_bytes_needed", "bytes", kSum, "what the ranks keep, as it lies in the files", "needed",
     kByUnit, kLoading, kTheSame},
    {"load_bytes_read", "bytes", kSum, "bytes of the files whose values were read or touched", "",
     kByUnit, kLoading, kNoMoreBytesRead},
    {"load_bytes_direct", "bytes", kSum, "part of load_bytes_read that went past the page cache"},
    {"load_bytes_received", "bytes", kSum, "what other ranks had read"},
    {"load_minor_faults", "1", kSum, "page faults during the load that needed no disk",
     "minor faults", kCount, kLoading},
    {"load_major_faults", "1", kSum, "page faults during the load that waited for a disk",
     "major faults", kCount, kLoading},
    {"load_rss_peak", "bytes", kLargest,
     "peak resident memory during the load above that before it"},
    {"load_stage.open", "ns", kMean, "opening files, headers, planning", "open", kByUnit, kLoading},
    {"load_stage.fault", "ns", kMean, "first touch of fresh memory", "faults"},
    {"load_stage.read", "ns", kMean, "positioned reads; the touch of mapped pages", "read", kByUnit,
     kLoading},
    {"load_stage.transpose", "ns", kMean, "copies that transpose", "transpose"},
    {"load_stage.concat", "ns", kMean, "other copies", "copy (concat)"},
    {"load_stage.cast", "ns", kMean, "conversions to another dtype", "cast"},
    {"load_stage.communication", "ns", kMean, "exchange with the ranks of the same machine",
     "communication"},
    {"load_stage.wait", "ns", kMean, "threads that have no work or wait for a turn to compute",
     "wait"},
    {"load_stage.free", "ns", kMean, "giving memory and mappings back", "free"},
    {"load_stage.other", "ns", kMean, "the rest of the load", "other"},
    {"copy_time", "ns", kLargest, "memcpy of load_bytes_kept between memory that exists", "",
     kByUnit, kLoading},
    {"disk_read_rate", "bytes/s", kSum, "large reads past the page cache, all ranks at once"},
    {"page_cache_share", "1", kMean,
     "pages of all files that are in the page cache before the load", "", kShare, kLoading},
    {"calls.shard_moe", "1", kLargest, "calls of the outermost function of the load profile", "",
     kByUnit, kLoading},
    {"calls.*", "1", kLargest, "calls of a function of the load profile"},
    {"own_time.*", "ns", kMean, "time of a function of the load profile without what it calls"},
    {"cumulative_time.*", "ns", kMean, "time of a function of the load profile with what it calls"},

    // Losses, which the gate names last.
    {"loss", "1", kSame, "loss of the last measured step", "final loss", kByUnit, kTraining,
     kTheSameLoss},
    {"grad_norm", "1", kSame, "global gradient norm of the last measured step, before clipping", "",
     kByUnit, kTraining},

    // Arms that do the same work are compared by these, of the first steps of the memory pass.
    {"first_losses", "1", kSame, "loss of the last of the first steps, warm-up included"},
    {"token_loss_projections", "1", kSame,
     "sums of the loss of each token of a step with random signs, / sqrt(loss tokens), by step"},
    {"token_loss_noise", "1", kSame,
     "root mean square of what a token's loss moves by where every weight is one unit in its last "
     "place off, by step"},
    {"layer_grad_norms", "1", kSame,
     "gradient norm of each layer, and of embedding, final norm and head together, by step"},
    {"layer_grad_noise", "1", kSame,
     "root mean square of what the norms move by, relative, where every weight is one unit in its "
     "last place off, by step"},
    {"token_loss_by_ties", "1", kSame,
     "root mean square of what a token's loss moves by where every choice between two experts of "
     "almost equal probability falls the other way, by step"},

    // GPUs, as NVML tells.
    {"gpu_sm_clock", "Hz", kSmallest, "clock of the multiprocessors, median reading"},
    {"gpu_sm_clock_min", "Hz", kSmallest, "clock of the multiprocessors, smallest reading"},
    {"gpu_sm_clock_max", "Hz", kSmallest, "clock of the multiprocessors, largest reading"},
    {"gpu_memory_clock", "Hz", kSmallest, "clock of the device memory, median reading"},
    {"gpu_memory_clock_min", "Hz", kSmallest, "clock of the device memory, smallest reading"},
    {"gpu_power", "W", kMean, "power drawn, median reading"},
    {"gpu_power_min", "W", kMean, "power drawn, smallest reading"},
    {"gpu_power_max", "W", kMean, "power drawn, largest reading"},
    {"gpu_power_limit", "W", kSmallest, "the power limit that was enforced"},
    {"gpu_temperature", "celsius", kLargest, "largest reading of the temperature"},
    {"gpu_utilization", "1", kMean, "share of time in which any kernel ran", "", kShare},
    {"gpu_memory_used", "bytes", kLargest, "device memory in use, by whomever"},
    {"gpu_memory_total", "bytes", kSmallest, "device memory"},
    {"gpu_throttled", "1", kLargest, "1 where a rank's GPU was slowed down in any reading, else 0"},
    {"gpu_throttled_share", "1", kLargest, "readings in which a GPU was slowed down", "", kShare},

    // A profile. What operations and messages came to are sums, times of phases are means: those of
    // one rank add up to its step.
    {"profiled_steps", "1", kLargest, "steps under each level of profiling", "", kCount},
    {"profile_*_step_time", "ns", kSlowest, "a step under the level of profiling, as step_time"},
    {"profile_phase.*", "ns", kMean, "time of a profiled step in the phase"},
    {"profile_wait.*", "ns", kMean,
     "of it, waiting for a rank that was not ready for a collective"},
    {"collective_wait", "ns", kMean, "time blocked in collectives until the last rank is ready"},
    {"collective_transfer", "ns", kMean, "time blocked in collectives from then on"},
    {"collective_skew", "ns", kLargest, "how long the others, all together, waited for this rank"},
    {"collective.*.calls", "1", kSum, "collectives of a kind and size"},
    {"collective.*.bytes", "bytes", kSum, "their size, as nccl-tests count it"},
    {"collective.*.wire_bytes", "bytes", kSum, "what leaves a rank in them"},
    {"collective.*.bus_bytes", "bytes", kSum, "their size x the bus factor of nccl-tests"},
    {"collective.*.wait", "ns", kSum, "time blocked in them until the last rank is ready"},
    {"collective.*.transfer", "ns", kSum, "time blocked in them from then on"},
    {"op_calls.*", "1", kSum, "calls of an operation in a phase"},
    {"op_primitive_calls.*", "1", kSum, "those not within a call of the same operation"},
    {"op_own_time.*", "ns", kSum, "time of the operation without what it calls"},
    {"op_cumulative_time.*", "ns", kSum, "time of the operation with what it calls"},
    {"moved_calls.*", "1", kSum, "calls of an operation that only moves data"},
    {"moved_bytes.*", "bytes", kSum, "bytes that it read and wrote"},
    {"moved_time.*", "ns", kSum, "its own time"},
    {"copy_rate", "bytes/s", kSum, "bytes read and written a second by a large copy"},
    {"machine_message_size", "bytes", kSame,
     "sizes of the messages that the machine was tried with"},
    {"machine_all_gather_time", "ns", kSlowest,
     "a call of the slowest rank, median over the sizes"},
    {"machine_reduce_scatter_time", "ns", kSlowest, "likewise"},
    {"machine_all_to_all_time", "ns", kSlowest, "likewise"},
    {"mem_in_phase.*", "bytes", kLargest, "what was alive at the phase's largest moment, by kind"},
    {"clock_uncertainty", "ns", kLargest,
     "what exchanges leave open of the difference to rank 0's clock"},
    {"gpu_busy_time", "ns", kMean, "time of a step in which the rank's GPU did something"},
    {"gpu_idle_time", "ns", kMean, "the rest of the step"},
    {"gpu_unlaunched_time", "ns", kMean,
     "of gpu_idle_time, that in which nothing was launched that had not begun"},
    {"gpu_launches", "1", kMean, "kernels, copies and memsets of a step"},
    {"gpu_launch_lead", "ns", kMean,
     "from the end of the call that launched it to the begin of a kernel, copy or memset"},
    {"gpu_comm_time", "ns", kMean, "of the busy time, that in which a kernel of NCCL ran"},
    {"gpu_exposed_comm_time", "ns", kMean, "of that, with no other kernel beside it"},
    {"gpu_time.*", "ns", kMean, "durations of what the host launched in the phase"},
    {"gpu_idle.*", "ns", kMean, "part of gpu_idle_time while the host was in the phase"},
    {"gpu_activity_calls.*", "1", kSum,
     "kernels, copies and memsets by the phase that launched them"},
    {"gpu_activity_time.*", "ns", kSum, "their durations"},
    {"gpu_copy_calls.*", "1", kSum, "copies by direction, and memsets"},
    {"gpu_copy_bytes.*", "bytes", kSum, "their bytes"},
    {"gpu_copy_time.*", "ns", kSum, "their durations"},
    {"gpu_allocations", "1", kSum, "requests for device memory of the driver"},
    {"gpu_allocated_bytes", "bytes", kSum, "device memory that was taken from the driver"},
    {"gpu_dropped_records", "1", kSum, "records of traced steps that were lost or have no times"},

    // The processes of a run as the driver saw them, whatever program they are.
    {"process_wall_time", "ns", kNotOfRanks,
     "from the program's start to the end of its last process", "wall"},
    {"process_cpu_time", "ns", kNotOfRanks, "user and system time of all processes", "CPU time"},
    {"process_rss_sum", "bytes", kNotOfRanks,
     "resident memory of all processes at once, largest sample", "memory (RSS)"},
    {"process_pss_sum", "bytes", kNotOfRanks,
     "resident memory of all processes at once, what they share counted once, largest sample",
     "memory (PSS)"},
    {"process_rss_peak", "bytes", kNotOfRanks, "peak resident memory of the largest process",
     "largest process"},

    {"process_gpu_memory", "bytes", kNotOfRanks,
     "memory in use on the GPU that needs most, largest sample", "GPU memory"},
    {"process_gpu_energy", "J", kNotOfRanks, "energy of all GPUs from start to end", "GPU energy"},
    {"process_package_energy", "J", kNotOfRanks,
     "energy of the processor packages of the driver's host from start to end", "CPU energy"},
    {"package_power", "W", kNotOfRanks,
     "power of the processor packages of the driver's host, mean over the measured steps"},

    // What another trainer says of itself; `trainer_*` of a record's environment says what it
    // means.
    {"trainer_tokens_per_second", "tokens/s", kNotOfRanks,
     "the trainer's own figure, of a rank where it says whose it is", "trainer's own tokens/s"},
    {"trainer_memory", "bytes", kNotOfRanks,
     "the largest memory that the trainer tells of a measured step", "trainer's own memory"},
    {"trainer_flops_per_second", "FLOP/s", kNotOfRanks,
     "the largest rate that the trainer tells of a measured step, a device"},

    // What `moebench import` reads of other harnesses, beside metrics that are named above.
    {"gpu_memory_mean", "bytes", kNotOfRanks,
     "memory in use of a GPU by nvidia-smi, its largest reading less its first, mean over GPUs",
     "GPU memory (mean)"},
    {"mean_loss", "1", kNotOfRanks, "loss, mean over all steps", "mean loss"},
    {"samples_per_second", "1/s", kNotOfRanks, "samples of all ranks / runtime", "samples/s"},
    {"steps_per_second", "1/s", kNotOfRanks, "steps / runtime"},
    {"epochs", "1", kNotOfRanks, "how often the data was gone through"},
    {"benchmark_real_time", "ns", kNotOfRanks, "wall time of an iteration of a microbenchmark",
     "real time"},
    {"benchmark_cpu_time", "ns", kNotOfRanks, "CPU time of an iteration of a microbenchmark",
     "CPU time / iteration"},
    {"benchmark_iterations", "1", kNotOfRanks, "iterations that the times are means of",
     "iterations", kCount},
    {"benchmark_bytes_per_second", "bytes/s", kNotOfRanks, "bytes that the benchmark counts",
     "bytes/s"},
    {"benchmark_items_per_second", "1/s", kNotOfRanks, "items that the benchmark counts",
     "items/s"},
    {"benchmark_counter.*", "1", kNotOfRanks, "a counter of the benchmark's own"},

    // The machine during a run, as the driver saw it.
    {"run_time", "ns", kNotOfRanks, "the whole run, from its start to the end of its last process"},
    {"other_cores", "1", kNotOfRanks, "cores that were busy with something else"},
    {"swap_growth", "bytes", kNotOfRanks, "bytes swapped out"},
    {"core_clock", "Hz", kNotOfRanks, "clock of the fastest core, mean over readings"},

    // What a machine gives, as moebench doctor measures it; the first three are a rank's.
    {"gemm_fp32", "FLOP/s", kNotOfRanks, "rate of large matrix products in fp32"},
    {"gemm_bf16", "FLOP/s", kNotOfRanks, "rate of large matrix products in bf16"},
    {"memory_copy", "bytes/s", kNotOfRanks, "bytes read and written by a large copy"},
    {"gemm_fp32_alone", "FLOP/s", kNotOfRanks, "gemm_fp32 of one core while nothing else works"},
    {"gemm_bf16_alone", "FLOP/s", kNotOfRanks, "gemm_bf16 of one core while nothing else works"},
    {"memory_copy_alone", "bytes/s", kNotOfRanks, "memory_copy while nothing else works"},
    {"gemm_fp32_together", "FLOP/s", kNotOfRanks,
     "gemm_fp32 of all ranks at once, mean over ranks"},
    {"gemm_bf16_together", "FLOP/s", kNotOfRanks,
     "gemm_bf16 of all ranks at once, mean over ranks"},
    {"memory_copy_together", "bytes/s", kNotOfRanks,
     "memory_copy of all ranks at once, mean over ranks"},
    {"memory_copy_size", "bytes", kNotOfRanks, "what a rank copies"},
    {"timer_resolution", "ns", kNotOfRanks, "smallest step between two readings of the clock"},
    {"timer_read_time", "ns", kNotOfRanks, "one reading of the clock"},
    {"message_size", "bytes", kNotOfRanks, "sizes of the messages"},
    {"all_gather_time", "ns", kNotOfRanks, "an all-gather of the slowest rank, by size"},
    {"all_gather_algorithm_bandwidth", "bytes/s", kNotOfRanks, "size / time of an all-gather"},
    {"all_gather_bus_bandwidth", "bytes/s", kNotOfRanks,
     "size / time of an all-gather, of the part that leaves the rank"},
    {"reduce_scatter_time", "ns", kNotOfRanks, "a reduce-scatter of the slowest rank, by size"},
    {"reduce_scatter_algorithm_bandwidth", "bytes/s", kNotOfRanks,
     "size / time of a reduce-scatter"},
    {"reduce_scatter_bus_bandwidth", "bytes/s", kNotOfRanks,
     "size / time of a reduce-scatter, of the part that leaves the rank"},
    {"all_to_all_time", "ns", kNotOfRanks, "an all-to-all of the slowest rank, by size"},
    {"all_to_all_algorithm_bandwidth", "bytes/s", kNotOfRanks, "size / time of an all-to-all"},
    {"all_to_all_bus_bandwidth", "bytes/s", kNotOfRanks,
     "size / time of an all-to-all, of the part that leaves the rank"},
});

// Characters of a pattern that are not its `*`.
constexpr std::size_t written_out(std::string_view pattern) {
  return pattern.size() - (pattern.find('*') == std::string_view::npos ? 0 : 1);
}

}  // namespace

std::span<const MetricInfo> metric_catalogue() { return kCatalogue; }

bool matches(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  return name.size() >= written_out(pattern) && name.starts_with(before) && name.ends_with(after);
}

const MetricInfo* find_metric(std::string_view name) {
  const MetricInfo* best = nullptr;
  for (const MetricInfo& info : kCatalogue) {
    if (info.name == name) return &info;
    if (!matches(info.name, name)) continue;
    if (best == nullptr || written_out(info.name) > written_out(best->name)) best = &info;
  }
  return best;
}

bool repeats_exactly(const MetricInfo& info) {
  const auto begins = [&](std::string_view start) { return info.name.starts_with(start); };
  return info.gate.kind != GateRule::Kind::kNone || begins("mem_alloc") || begins("mem_peak") ||
         begins("mem_estimate");
}

const MetricInfo& metric_info(std::string_view name) {
  const MetricInfo* info = find_metric(name);
  MOEBENCH_CHECK(info != nullptr);
  return *info;
}

}  // namespace moebench::record
