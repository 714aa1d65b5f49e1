#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/record/record.h"

// Records with profiles and of loads that the tests of the writers share.
namespace moebench::reports::test {

// Values of two ranks; the headline is their sum or mean, as the merge of ranks makes it.
enum class Headline { kSum, kMean };

inline void set(record::CellRecord& r, const std::string& name, const char* unit, double a,
                double b, Headline headline) {
  r.metrics[name] = {
      .unit = unit, .value = headline == Headline::kSum ? a + b : (a + b) / 2, .per_rank = {a, b}};
}

inline void set_operation(record::CellRecord& r, const std::string& name, double calls,
                          double own_ns, double cumulative_ns) {
  set(r, "op_calls." + name, "1", calls, calls, Headline::kSum);
  set(r, "op_primitive_calls." + name, "1", calls, calls, Headline::kSum);
  set(r, "op_own_time." + name, "ns", own_ns, 1.1 * own_ns, Headline::kSum);
  set(r, "op_cumulative_time." + name, "ns", cumulative_ns, 1.1 * cumulative_ns, Headline::kSum);
}

inline record::CellRecord profiled(const std::string& kernel) {
  record::CellRecord r;
  r.id = kernel;
  r.scenario = "small";
  r.axes = {{"expert_kernel", kernel}, {"ranks", "2"}};
  r.metrics["profiled_steps"] = {.unit = "1", .value = 4};
  const std::map<std::string, double> steps = {{"plain", 10e6}, {"phases", 10.1e6}, {"ops", 11e6}};
  for (const auto& [level, ns] : steps) {
    set(r, "profile_" + level + "_step_time", "ns", ns, ns, Headline::kMean);
  }
  set(r, "profile_phase.experts", "ns", 6e6, 7e6, Headline::kMean);
  set(r, "profile_phase.experts_backward", "ns", 1e6, 1e6, Headline::kMean);
  set(r, "profile_phase.gather", "ns", 3.1e6, 2.1e6, Headline::kMean);
  set(r, "profile_wait.gather", "ns", 2e6, 0.1e6, Headline::kMean);
  set(r, "collective_wait", "ns", 2e6, 0.1e6, Headline::kMean);
  set(r, "collective_transfer", "ns", 1e6, 1e6, Headline::kMean);
  set(r, "collective_skew", "ns", 0.1e6, 2e6, Headline::kMean);
  const std::string gather = "collective.all_gather.32MiB.";
  set(r, gather + "calls", "1", 8, 8, Headline::kSum);
  set(r, gather + "bytes", "bytes", 8e6, 8e6, Headline::kSum);
  set(r, gather + "wire_bytes", "bytes", 4e6, 4e6, Headline::kSum);
  set(r, gather + "bus_bytes", "bytes", 4e6, 4e6, Headline::kSum);
  set(r, gather + "wait", "ns", 2e6, 0.1e6, Headline::kSum);
  set(r, gather + "transfer", "ns", 1e6, 1e6, Headline::kSum);
  set_operation(r, "experts.aten::mm", 30, 6e6, 6e6);
  set_operation(r, "experts.", 2, 1e6, 7e6);
  set_operation(r, "gather.moebench::all_gather", 8, 3e6, 3e6);
  r.metrics["op_primitive_calls.experts.aten::mm"].value = 50;
  set(r, "moved_calls.aten::cat", "1", 4, 4, Headline::kSum);
  set(r, "moved_bytes.aten::cat", "bytes", 3e6, 3e6, Headline::kSum);
  set(r, "moved_time.aten::cat", "ns", 1e6, 1e6, Headline::kSum);
  set(r, "copy_rate", "bytes/s", 6e9, 6e9, Headline::kSum);
  set(r, "mem_peak", "bytes", 9e6, 8e6, Headline::kMean);
  set(r, "mem_in_phase.experts.parameters", "bytes", 4e6, 4e6, Headline::kMean);
  set(r, "mem_in_phase.experts.activations", "bytes", 2e6, 1e6, Headline::kMean);
  set(r, "mem_in_phase.experts_backward.parameters", "bytes", 4e6, 4e6, Headline::kMean);
  set(r, "mem_in_phase.experts_backward.gathered", "bytes", 5e6, 4e6, Headline::kMean);
  return r;
}

// Two ranks with the same values; the headline is their sum or mean, as the merge of ranks makes
// it.
inline void set_sum(record::CellRecord& r, const std::string& name, const char* unit,
                    double value) {
  r.metrics[name] = {.unit = unit, .value = 2 * value, .per_rank = {value, value}};
}

inline void set_mean(record::CellRecord& r, const std::string& name, const char* unit,
                     double value) {
  r.metrics[name] = {.unit = unit, .value = value, .per_rank = {value, value}};
}

inline void set_activity(record::CellRecord& r, const std::string& name, double calls,
                         double time_ns) {
  set_sum(r, "gpu_activity_calls." + name, "1", calls);
  set_sum(r, "gpu_activity_time." + name, "ns", time_ns);
}

inline record::CellRecord traced(const std::string& kernel, double gemm_ns) {
  record::CellRecord r;
  r.id = kernel;
  r.scenario = "small";
  r.axes = {{"expert_kernel", kernel}, {"ranks", "2"}};
  r.metrics["profiled_steps"] = {.unit = "1", .value = 4};
  for (const char* level : {"plain", "phases", "gpu"}) {
    set_mean(r, std::string("profile_") + level + "_step_time", "ns", 10e6);
  }
  set_mean(r, "profile_phase.experts", "ns", 10e6);
  set_mean(r, "gpu_busy_time", "ns", 8e6);
  set_mean(r, "gpu_idle_time", "ns", 2e6);
  set_mean(r, "gpu_unlaunched_time", "ns", 1.5e6);
  set_mean(r, "gpu_launches", "1", 26);
  set_mean(r, "gpu_launch_lead", "ns", 0.4e6);
  set_mean(r, "gpu_comm_time", "ns", 3e6);
  set_mean(r, "gpu_exposed_comm_time", "ns", 1e6);
  set_mean(r, "gpu_time.experts", "ns", gemm_ns);
  set_mean(r, "gpu_time.gather", "ns", 3e6);
  set_mean(r, "gpu_time.unattributed", "ns", 0.2e6);
  set_mean(r, "gpu_idle.data", "ns", 2e6);
  set_activity(r, "experts.cutlass::Kernel2<gemm_bf16, (int)3>", 16, gemm_ns);
  set_activity(r, "gather.ncclDevKernel_AllGather_RING_LL", 8, 3e6);
  set_activity(r, "unattributed.host_to_device", 2, 0.2e6);
  set_sum(r, "gpu_copy_calls.host_to_device", "1", 2);
  set_sum(r, "gpu_copy_bytes.host_to_device", "bytes", 4e6);
  set_sum(r, "gpu_copy_time.host_to_device", "ns", 0.2e6);
  set_sum(r, "gpu_allocations", "1", 0);
  set_sum(r, "gpu_dropped_records", "1", 0);
  return r;
}

struct Load {
  double load_s;
  double read_bytes;
  double peak_rss_bytes;
  double calls;
};

inline record::CellRecord load_record(const std::string& loader, const std::string& cache,
                                      const Load& load) {
  record::CellRecord r;
  r.id = loader + cache;
  r.scenario = "weights";
  r.axes = {{"ranks", "8"}, {"loader", loader}, {"cache", cache}};
  r.environment = {{"measure", "load"}, {"cpu_model", "Some CPU"}};
  const auto set = [&](const char* name, const char* unit, double value) {
    r.metrics[name] = {.unit = unit, .value = value, .per_rank = {value}};
  };
  set("load_time", "ns", load.load_s * 1e9);
  set("load_bytes_kept", "bytes", 176e6);
  set("load_bytes_needed", "bytes", 176e6);
  set("load_bytes_read", "bytes", load.read_bytes);
  set("load_rss_peak", "bytes", load.peak_rss_bytes);
  set("load_minor_faults", "1", 394186);
  set("load_major_faults", "1", 0);
  set("load_stage.open", "ns", 2e6);
  set("load_stage.fault", "ns", load.load_s * 0.6e9);
  set("load_stage.read", "ns", load.load_s * 0.1e9);
  set("load_stage.transpose", "ns", load.load_s * 0.3e9);
  set("copy_time", "ns", 8e6);
  set("page_cache_share", "1", cache == "warm" ? 1 : 0);
  if (cache == "cold") set("disk_read_rate", "bytes/s", 4e9);
  set("calls.shard_moe", "1", 1);
  set("own_time.shard_moe", "ns", 3e6);
  set("cumulative_time.shard_moe", "ns", load.load_s * 1e9);
  set("calls.torch.concat", "1", load.calls);
  set("own_time.torch.concat", "ns", load.calls * 27e6);
  set("cumulative_time.torch.concat", "ns", load.calls * 27e6);
  return r;
}

inline std::vector<record::CellRecord> loads() {
  auto failed = load_record("slice", "warm", {});
  failed.disposition = record::Disposition::kIncorrect;
  failed.message =
      "rank 0: layers.3: element 17 of tensor 'x' was loaded as 1, the checkpoint has 2";
  return {load_record("concat", "warm", {1.0, 1408e6, 418e6, 32}),
          load_record("direct", "warm", {0.02, 176e6, 182e6, 0}), failed,
          load_record("concat", "cold", {1.7, 1408e6, 418e6, 32}),
          load_record("direct", "cold", {0.055, 176e6, 187e6, 0})};
}

}  // namespace moebench::reports::test
