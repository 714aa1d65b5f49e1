#include "reports/gate/simulate.h"

#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "harness/base/check.h"
#include "harness/base/hash.h"
#include "reports/gate/gate.h"
#include "reports/write/format_value.h"

namespace moebench::gate {
namespace {

using record::Arm;
using record::CellRecord;

constexpr double kCellSpread = 0.3;
constexpr double kPairEffect = 0.02;
constexpr int kCalibrationPairs = 6;
constexpr double kMeanTimeNs = 1e8;

// Normal numbers that are the same with every standard library (Box and Muller).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix64(seed)) {}

  double uniform() {  // in (0, 1]
    state_ = mix64(state_);
    return static_cast<double>((state_ >> 11) + 1) * 0x1p-53;
  }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

std::string cell_name(int cell) { return fmt::format("c{}", cell); }

record::Session make_session(const SimulatedCase& simulated) {
  record::Session session;
  for (int cell = 0; cell < simulated.cells; ++cell) {
    session.cells.push_back({cell_name(cell), cell_name(cell), "simulated", {}});
  }
  session.looks = {simulated.pairs};
  return session;
}

class Matrix {
 public:
  Matrix(const SimulatedCase& simulated, std::uint64_t seed)
      : simulated_(simulated), random_(seed), input_{.session = make_session(simulated)} {
    for (int cell = 0; cell < simulated.cells; ++cell) {
      noise_.push_back(simulated.run_noise * std::exp(kCellSpread * random_.normal()));
    }
    add_pairs(input_.records, simulated.pairs, 1, simulated.drift);
    add_pairs(input_.calibration, kCalibrationPairs, simulated.calibration_noise, 0);
  }

  Report judge_as_is() const { return judge(input_); }

  Report judge_slower() {
    for (CellRecord& record : input_.records) {
      const bool is_slower = simulated_.in_all_cells || record.id == cell_name(0);
      if (!is_slower || record.pair->arm == Arm::kBase) continue;
      *record.metrics["step_time"].value *= 1 + simulated_.slowdown;
    }
    return judge(input_);
  }

 private:
  // Round by round, as a session runs.
  void add_pairs(std::vector<CellRecord>& records, int pairs, double times_noise, double drift) {
    const double num_runs = 2.0 * pairs * simulated_.cells;
    for (int index = 0; index < pairs; ++index) {
      for (int cell = 0; cell < simulated_.cells; ++cell) {
        const double shared = kPairEffect * random_.normal();
        const bool base_first = random_.uniform() < 0.5;
        for (const int order : {0, 1}) {
          const Arm arm = (order == 0) == base_first ? Arm::kBase : Arm::kCandidate;
          const double noise = times_noise * noise_[static_cast<std::size_t>(cell)];
          const double drifted = drift * static_cast<double>(records.size()) / num_runs;
          const double log_time = shared + drifted + noise * random_.normal();
          records.push_back(make_record(cell, {cell_name(cell), index, arm, order}, log_time));
        }
      }
    }
  }

  static CellRecord make_record(int cell, record::PairPlace pair, double log_time) {
    CellRecord record;
    record.id = cell_name(cell);
    record.metrics["step_time"] = {.unit = "ns", .value = kMeanTimeNs * std::exp(log_time)};
    record.pair = std::move(pair);
    return record;
  }

  SimulatedCase simulated_;
  Random random_;
  std::vector<double> noise_;
  Input input_;
};

bool is_found(const SimulatedCase& simulated, const Report& report) {
  return simulated.in_all_cells ? report.suite.front().verdict == Verdict::kRegressed
                                : report.cells.front().verdict == Verdict::kRegressed;
}

}  // namespace

SimulatedResult simulate(const SimulatedCase& simulated, int matrices, std::uint64_t seed) {
  SimulatedResult result;
  result.matrices = matrices;
  for (int i = 0; i < matrices; ++i) {
    Matrix matrix(simulated, mix64(seed) + static_cast<std::uint64_t>(i));
    const Report unchanged = matrix.judge_as_is();
    result.false_alarms += unchanged.worst() == Verdict::kRegressed;
    result.passed += unchanged.count(Verdict::kPass) == simulated.cells;
    result.found += is_found(simulated, matrix.judge_slower());
  }
  return result;
}

std::vector<PromisedCase> promised_cases() {
  return {
      {{.run_noise = 0.005, .pairs = 4}, 0.01, 0.99},
      {{.run_noise = 0.01, .pairs = 6}, 0.01, 0.95},
      {{.run_noise = 0.015, .pairs = 10}, 0.01, 0.95},
      {{.run_noise = 0.02, .pairs = 18}, 0.01, 0.95},
      {{.run_noise = 0.01, .pairs = 3, .slowdown = 0.01, .in_all_cells = true}, 0.01, 0.95},
  };
}

bool keeps(const PromisedCase& promised, const SimulatedResult& result, double sigmas) {
  const auto room = [&](double share) {
    return sigmas * std::sqrt(share * (1 - share) / result.matrices);
  };
  const auto share = [&](int count) { return static_cast<double>(count) / result.matrices; };
  return share(result.false_alarms) <=
             promised.max_false_alarms + room(promised.max_false_alarms) &&
         share(result.found) >= promised.min_found - room(promised.min_found);
}

reports::Table simulation_table(const std::vector<PromisedCase>& cases,
                                const std::vector<SimulatedResult>& results) {
  MOEBENCH_CHECK(cases.size() == results.size());
  using reports::number_column;
  reports::Table table = {number_column("cells", reports::kCount),
                          number_column("run noise", reports::kShare),
                          number_column("pairs", reports::kCount),
                          reports::words_column("slower"),
                          number_column("any false alarm in an A/A matrix"),
                          number_column("promised", reports::kPlain, "false alarms promised"),
                          number_column("slowdown found"),
                          number_column("promised", reports::kPlain, "found promised"),
                          number_column("A/A all PASS")};
  for (const std::size_t key : {0, 1, 2, 3}) table[key].is_key = true;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const SimulatedCase& simulated = cases[i].simulated;
    const auto share = [&](int count) -> reports::Entry {
      const double value = static_cast<double>(count) / results[i].matrices;
      return {value, fmt::format("{:.2f} %", 100 * value)};
    };
    const auto promise = [](const char* side, double value) -> reports::Entry {
      return {value, fmt::format("{} {:.0f} %", side, 100 * value)};
    };
    add_row(table,
            {static_cast<double>(simulated.cells), simulated.run_noise,
             static_cast<double>(simulated.pairs),
             fmt::format("{} in {}", reports::format_change(simulated.slowdown),
                         simulated.in_all_cells ? "all cells" : "one cell"),
             share(results[i].false_alarms), promise("<=", cases[i].max_false_alarms),
             share(results[i].found), promise(">=", cases[i].min_found), share(results[i].passed)});
  }
  return table;
}

}  // namespace moebench::gate
