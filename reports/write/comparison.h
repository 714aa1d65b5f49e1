#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/document.h"
#include "reports/write/gains.h"
#include "reports/write/gemm_rates.h"
#include "reports/write/improvements.h"

namespace moebench::reports {

// A scenario that trains, and what its cells are compared with. What it refers to must outlive it.
struct Comparison {
  // `asked` as for Reference; where neither it nor the scenario names a baseline, that of a ladder
  // is the cell in which it begins.
  Comparison(const ScenarioCells& of, const AxisValues& asked, const GemmRates& of_machine);

  // What the cells gain in a metric; computed once.
  const Gains& gains(const std::string& metric) const;

  const ScenarioCells& scenario;
  const GemmRates& rates;
  Reference reference;
  std::vector<const Cell*> references;  // of each cell

 private:
  mutable std::map<std::string, Gains> gains_;
};

struct ComparisonOptions {
  bool is_wide = false;                        // all columns, nothing folded
  std::vector<std::string> columns{};          // of the first table; empty: those that fit a page
  std::optional<double> price_per_gpu_hour{};  // adds what a billion tokens cost
};

// Adds what a scenario that trains shows below its heading: the answer in sentences, the comparison
// of its cells, what explains it, and tables of the ok cells that take one number apart. Error
// where there is no column of a name that is asked for.
void add_comparison(Document& document, const Comparison& of, const ComparisonOptions& options);

}  // namespace moebench::reports
