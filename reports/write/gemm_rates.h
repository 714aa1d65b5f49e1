#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/write/cells.h"

namespace moebench::reports {

// A machine's GEMM rate for one rank: what the runs of a results folder measured of it, each before
// its steps. One such measurement is noisy (what else the machine does then decides it), and a
// share of it would be as well; so tables take the median over all runs.
struct GemmRate {
  double flops_per_second = 0;  // median over the runs, of their means over ranks
  double smallest = 0;
  double largest = 0;
  int runs = 0;
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
