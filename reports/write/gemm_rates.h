#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/write/cells.h"

namespace moebench::reports {

// Names in the environment of a record that took its rate over the run that measured it.
inline constexpr const char* kGemmRateOf = "gemm_rate_of";

// Joins what the rate of a rank depends on, as the record states it, into one text.
std::string gemm_conditions(const record::CellRecord& record);

// "repetition 0 of 2f0e..., 2026-02-03T04:05:06Z": the run whose measurement the record has, its
// own or the one that it was taken over from.
std::string gemm_measurement(const record::CellRecord& record);

// A machine's GEMM rate for one rank: what the runs of a results folder measured of it, each before
// its steps. One such measurement is noisy (what else the machine does then decides it), and a
// share of it would be as well; so tables take the median over all runs that measured it.
struct GemmRate {
  double flops_per_second = 0;  // median over the runs, of their means over ranks
  double smallest = 0;
  double largest = 0;
  int runs = 0;  // that measured it
};

class GemmRates {
 public:
  explicit GemmRates(const std::vector<record::CellRecord>& records);

  // Returns the rate of the runs under the record's conditions (machine, device, dtype, ranks and
  // threads, as all ranks measure at once); nullptr where none measured it.
  const GemmRate* of(const record::CellRecord& record) const;

  // `flops` per second and rank ("model_flops_per_second") as a share of that rate. Where a record
  // has none, `recorded`: the share that it states itself.
  std::optional<double> share(const record::CellRecord& record, const char* flops,
                              const char* recorded) const;

  // "54.1 GFLOP/s a rank, median of 6 runs (-3.2 %..+1.0 %)" for each of the scenario's rates.
  std::vector<std::string> describe(const ScenarioCells& scenario) const;

 private:
  std::map<std::string, GemmRate> rates_;  // by conditions
};

}  // namespace moebench::reports
