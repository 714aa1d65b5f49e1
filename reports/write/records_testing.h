#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

// Records that the tests of the writers share.
namespace moebench::reports::test {

// An ok record of scenario "s": axes ranks=2 and the given ones.
inline record::CellRecord record_of(const std::string& id,
                                    std::vector<std::pair<std::string, std::string>> axes) {
  record::CellRecord record;
  record.id = id;
  record.scenario = "s";
  record.axes = std::move(axes);
  record.axes.emplace_back("ranks", "2");
  return record;
}

inline record::CellRecord arm(const std::string& id, const std::string& parallelism,
                              const std::string& ep_degree, const std::string& kernel) {
  return record_of(
      id, {{"parallelism", parallelism}, {"ep_degree", ep_degree}, {"expert_kernel", kernel}});
}

struct Figures {
  double mem_peak_bytes;
  double mem_alloc_bytes;
  double runtime_s;
  double tokens_per_second;
};

inline void set_figures(record::CellRecord& record, const Figures& figures) {
  const double peak = figures.mem_peak_bytes;
  const double alloc = figures.mem_alloc_bytes;
  record.metrics["mem_peak"] = {.unit = "bytes", .value = peak, .per_rank = {peak, peak / 2}};
  record.metrics["mem_alloc"] = {.unit = "bytes", .value = alloc, .per_rank = {alloc, alloc / 2}};
  record.metrics["runtime"] = {.unit = "ns", .value = figures.runtime_s * 1e9};
  record.metrics["tokens_per_second"] = {.unit = "tokens/s", .value = figures.tokens_per_second};
}

// The two rows of fms-acceleration's PR 69 (Mixtral-8x7B on 8 GPUs) as records.
inline std::vector<record::CellRecord> fms_records() {
  const auto row = [](const char* id, const char* parallelism, const char* ep_degree,
                      const char* kernel, const Figures& figures) {
    record::CellRecord record;
    record.id = id;
    record.scenario = "fms-pr69";
    record.axes = {{"model", "Mixtral-8x7B"},
                   {"parallelism", parallelism},
                   {"ep_degree", ep_degree},
                   {"expert_kernel", kernel},
                   {"ranks", "8"},
                   {"dtype", "bf16"}};
    set_figures(record, figures);
    return record;
  };
  return {row("aaaaaaaaaaaa", "fsdp", "1", "loop", {54.8e9, 44.0e9, 4019, 83}),
          row("bbbbbbbbbbbb", "ep", "8", "grouped", {45.5e9, 33.5e9, 996, 337})};
}

inline record::CellRecord quickstart_arm(const std::string& id, const std::string& parallelism,
                                         const std::string& kernel, const Figures& figures) {
  record::CellRecord r;
  r.id = id;
  r.scenario = "quickstart";
  r.axes = {{"model", "mixtral-tiny"},
            {"parallelism", parallelism},
            {"ep_degree", parallelism == "ep" ? "2" : "1"},
            {"expert_kernel", kernel},
            {"ranks", "2"},
            {"dtype", "bf16"}};
  set_figures(r, figures);
  r.metrics["first_step_time"] = {.unit = "ns", .value = 1.5e9};
  r.metrics["load_time"] = {.unit = "ns", .value = 23e6};
  r.metrics["mem_alloc_load"] = {.unit = "bytes", .value = figures.mem_alloc_bytes};
  r.metrics["mem_peak_load"] = {.unit = "bytes", .value = 1.01 * figures.mem_alloc_bytes};
  r.metrics["mem_peak_first_step"] = {.unit = "bytes", .value = figures.mem_peak_bytes};
  r.metrics["mem_estimate"] = {.unit = "bytes", .value = 300e6};
  r.metrics["mem_estimate_alloc"] = {.unit = "bytes", .value = 250e6};
  r.metrics["rss_outside_end"] = {.unit = "bytes", .value = 45e6};
  r.metrics["step_time"] = {.unit = "ns", .value = 400e6, .per_rank = {410e6, 390e6}};
  r.metrics["phase_time_attention"] = {.unit = "ns", .value = 100e6, .per_rank = {90e6, 110e6}};
  r.metrics["phase_time_attention_backward"] = {.unit = "ns", .value = 125e6};
  r.metrics["phase_time_experts_backward"] = {.unit = "ns", .value = 100e6};
  r.metrics["phase_time_gather"] = {.unit = "ns", .value = 75e6};
  r.metrics["real_tokens"] = {.unit = "tokens", .value = 40960};
  r.metrics["padding_tokens"] = {.unit = "tokens", .value = 0};
  r.metrics["loss_tokens"] = {.unit = "tokens", .value = 40800};
  r.metrics["global_tokens_per_second"] = {.unit = "tokens/s",
                                           .value = 2 * figures.tokens_per_second};
  r.metrics["rss_peak"] = {.unit = "bytes", .value = 812e6};
  r.metrics["loss"] = {.unit = "1", .value = 5.4321, .samples = {8.1, 5.4321}};
  r.metrics["expert_imbalance"] = {.unit = "1", .value = 1.5, .samples = {1.5, 1}};
  r.metrics["rank_imbalance"] = {.unit = "1", .value = 1.25, .samples = {1.25, 1}};
  r.environment = {{"cpu_model", "Some CPU"},        {"cores_allowed", "2"},
                   {"git_sha", "0123abcd"},          {"git_dirty", "false"},
                   {"build_type", "RelWithDebInfo"}, {"launcher", "mpirun"}};
  r.warnings = {"the machine was busy: load average 1.50 on 2 cores"};
  r.started_at = "2024-01-02T03:04:05Z";
  return r;
}

// Three repetitions of the reference, one ok arm, one that failed.
inline std::vector<record::CellRecord> quickstart() {
  std::vector<record::CellRecord> records;
  for (const double runtime_s : {12.3, 12.0, 12.9}) {
    records.push_back(quickstart_arm("aaaaaaaaaaaa", "fsdp", "loop",
                                     {310.2e6, 250.1e6, runtime_s, 40960 / runtime_s}));
    records.back().repetition = static_cast<int>(records.size()) - 1;
  }
  records.push_back(
      quickstart_arm("bbbbbbbbbbbb", "ep", "grouped", {255.5e6, 190e6, 4.1, 40960 / 4.1}));
  records.push_back(quickstart_arm("cccccccccccc", "ep", "loop", {1, 1, 1, 1}));
  record::CellRecord& failed = records.back();
  failed.disposition = record::Disposition::kOutOfMemory;
  failed.message = "rank 1 was killed | the machine ran out of memory while it gathered layer 3\nx";
  failed.metrics.clear();
  return records;
}

inline record::MachineReport machine() {
  record::MachineReport report;
  report.environment = {{"cores_allowed", "2"}, {"cpu_model", "Some CPU"}};
  report.metrics["timer_resolution"] = {.unit = "ns", .value = 20};
  report.metrics["timer_read_time"] = {.unit = "ns", .value = 25.5};
  report.metrics["gemm_fp32_alone"] = {.unit = "FLOP/s", .value = 120e9};
  report.metrics["gemm_fp32_together"] = {.unit = "FLOP/s", .value = 90e9};
  report.metrics["memory_copy_size"] = {.unit = "bytes", .value = 128 << 20};
  report.metrics["memory_copy_alone"] = {.unit = "bytes/s", .value = 12e9};
  report.metrics["memory_copy_together"] = {.unit = "bytes/s", .value = 9e9};
  report.metrics["message_size"] = {.unit = "bytes", .samples = {8192, 64 << 20}};
  report.metrics["all_gather_time"] = {.unit = "ns", .samples = {8192, 16e6}};
  report.metrics["all_gather_algorithm_bandwidth"] = {.unit = "bytes/s", .samples = {1e9, 4e9}};
  report.metrics["all_gather_bus_bandwidth"] = {.unit = "bytes/s", .samples = {0.5e9, 2e9}};
  return report;
}

// Text that every format has to escape, values that are missing, a failed record.
inline std::vector<record::CellRecord> awkward_records() {
  auto ok = arm("a", "fsdp", "1", "loop");
  ok.scenario = "a, \"quoted\"\nscenario";
  ok.metrics["loss"] = {.unit = "1", .value = 0.1 + 0.2, .samples = {1, 2}};
  ok.metrics["mem_peak"] = {.unit = "bytes", .value = 54.8e9, .per_rank = {54.8e9, std::nullopt}};
  ok.metrics["rss_peak"] = {.unit = "bytes"};
  auto failed = record_of("b", {{"routing", "skewed(1,2)"}});
  failed.disposition = record::Disposition::kCrashed;
  failed.repetition = 1;
  return {ok, failed};
}

}  // namespace moebench::reports::test
