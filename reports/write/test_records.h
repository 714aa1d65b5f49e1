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
inline std::vector<record::CellRecord> seed_records() {
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

}  // namespace moebench::reports::test
