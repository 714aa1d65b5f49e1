#pragma once

#include <fmt/format.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "harness/record/record.h"

// Records of maps whose truth is known.
namespace moebench::crossover::test {

// A step takes fixed_s + token_s x tokens.
struct ArmTruth {
  std::string parallelism;
  std::string degree = "1";
  double fixed_s = 0;
  double token_s = 0;

  double seconds(double tokens) const { return fixed_s + token_s * tokens; }
};

// Two arms that take the same time at 1000 tokens; ep is faster below.
inline std::vector<ArmTruth> crossing_arms() {
  return {{"fsdp", "1", 1.0, 1e-3}, {"ep", "2", 0.5, 1.5e-3}};
}

// A cell that nobody has run, in as many words as a map needs.
inline record::CellRecord cell_of(const ArmTruth& arm, double tokens,
                                  const std::string& network = "local") {
  const bool is_ep = arm.parallelism == "ep";
  record::CellRecord record;
  record.id = fmt::format("{}{}-{}-{}", arm.parallelism, arm.degree, tokens, network);
  record.scenario = "s";
  record.axes = {{"model", "toy"},
                 {"parallelism", arm.parallelism},
                 {"ep_degree", is_ep ? arm.degree : "1"},
                 {"shard_degree", is_ep               ? "0"
                                  : arm.degree == "1" ? "0"
                                                      : arm.degree},
                 {"expert_kernel", "grouped"},
                 {"network", network},
                 {"micro_batch", "1"},
                 {"seq_len", fmt::format("{}", tokens)}};
  return record;
}

inline record::CellRecord run_of(record::CellRecord cell, int repetition, double runtime_s) {
  cell.repetition = repetition;
  cell.metrics["runtime"] = {.unit = "ns", .value = runtime_s * 1e9};
  cell.metrics["run_time"] = {.unit = "ns", .value = (1 + 2 * runtime_s) * 1e9};
  return cell;
}

// Runs with log-normal noise of this standard deviation.
class Lab {
 public:
  Lab(std::vector<ArmTruth> arms, double noise, unsigned seed)
      : arms_(std::move(arms)), noise_(0, noise), random_(seed) {}

  // One round of all arms at a point.
  void run(double tokens, int repetition, std::vector<record::CellRecord>& records,
           const std::string& network = "local") {
    for (const ArmTruth& arm : arms_) {
      const double seconds = arm.seconds(tokens) * std::exp(noise_(random_));
      records.push_back(run_of(cell_of(arm, tokens, network), repetition, seconds));
    }
  }

  const std::vector<ArmTruth>& arms() const { return arms_; }

 private:
  std::vector<ArmTruth> arms_;
  std::normal_distribution<double> noise_;
  std::mt19937 random_;
};

}  // namespace moebench::crossover::test
