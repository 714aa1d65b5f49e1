#include "reports/gate/simulate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "harness/base/check.h"
#include "harness/base/hash.h"
#include "reports/gate/gate.h"

namespace moebench::gate {
namespace {

using record::Arm;
using record::CellRecord;

constexpr double kCellSpread = 0.3;
constexpr double kPairEffect = 0.02;
constexpr double kMeanTimeNs = 1e8;
constexpr int kHeavyTailDf = 4;
constexpr double kIntervalZ = 1.959963984540054;  // two-sided 95 %

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
  // Draws a number of variance 1.
  double noise(RunNoise kind) {
    const double number = normal();
    if (kind == RunNoise::kNormal) return number;
    double chi_squared = 0;
    for (int i = 0; i < kHeavyTailDf; ++i) chi_squared += std::pow(normal(), 2);
    return number * std::sqrt((kHeavyTailDf - 2) / chi_squared);
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
  record::plan_looks(session, simulated.looks);
  return session;
}

class Matrix {
 public:
  Matrix(const SimulatedCase& simulated, std::uint64_t seed)
      : simulated_(simulated),
        random_(seed),
        input_{.session = make_session(simulated), .with_outlook = false} {
    for (int cell = 0; cell < simulated.cells; ++cell) {
      noise_.push_back(simulated.run_noise * std::exp(kCellSpread * random_.normal()));
    }
    input_.session.extended = simulated.extensions;
    looks_ = input_.session.all_looks();
    add_pairs(runs_, looks_.back(), 1, simulated.drift);
    add_pairs(input_.calibration, simulated.calibration_pairs, simulated.calibration_noise, 0);
  }

  // Returns what the gate says at the end of a session, which ends at the first look that leaves
  // nothing to decide.
  Report judge_session() {
    input_.records.clear();
    for (std::size_t i = 0; i < looks_.size(); ++i) {
      input_.session.extended =
          std::max(0, static_cast<int>(i + 1) - static_cast<int>(simulated_.looks.size()));
      const auto begin = runs_.begin() + std::ssize(input_.records);
      const auto end = runs_.begin() + std::ptrdiff_t{2} * simulated_.cells * looks_[i];
      std::copy(begin, end, std::back_inserter(input_.records));
      Report report = judge(input_);
      if (i + 1 == looks_.size() || !wants_more_pairs(report)) return report;
    }
    MOEBENCH_CHECK(!"a session without looks");
  }

  void slow_down() {
    for (CellRecord& record : runs_) {
      const bool is_slower = simulated_.in_all_cells || record.id == cell_name(0);
      if (!is_slower || record.pair->arm == Arm::kBase) continue;
      *record.metrics["step_time"].value *= 1 + simulated_.slowdown;
    }
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
          const double log_time = shared + drifted + noise * random_.noise(simulated_.noise);
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
  std::vector<CellRecord> runs_;  // of the session, to its last look
  std::vector<int> looks_;        // with those of extensions
  Input input_;
};

bool is_found(const SimulatedCase& simulated, const Report& report) {
  return simulated.in_all_cells ? report.suite.front().verdict == Verdict::kRegressed
                                : report.cells.front().verdict == Verdict::kRegressed;
}

// `sign`: +1 where the share may not be above the bound, -1 where it may not be below.
Promise check_bound(const ShareInterval& interval, double bound, int sign) {
  const double worst = sign > 0 ? interval.upper : interval.lower;
  const double best = sign > 0 ? interval.lower : interval.upper;
  if (sign * worst <= sign * bound) return Promise::kKept;
  return sign * best > sign * bound ? Promise::kBroken : Promise::kUndecided;
}

Promise check_false(int count, const PromisedCase& promised, const SimulatedResult& result) {
  return check_bound(share_interval(count, result.matrices), promised.max_false_alarms, +1);
}

Promise check_found(const PromisedCase& promised, const SimulatedResult& result) {
  return check_bound(share_interval(result.found, result.matrices), *promised.min_found, -1);
}

}  // namespace

SimulatedResult simulate(const SimulatedCase& simulated, int matrices, std::uint64_t seed) {
  SimulatedResult result;
  result.matrices = matrices;
  for (int i = 0; i < matrices; ++i) {
    Matrix matrix(simulated, mix64(seed) + static_cast<std::uint64_t>(i));
    const Report unchanged = matrix.judge_session();
    result.false_alarms += unchanged.any(Verdict::kRegressed);
    result.false_improvements += unchanged.any(Verdict::kImproved);
    result.passed += unchanged.count(Verdict::kPass) == simulated.cells;
    if (simulated.slowdown == 0) continue;
    matrix.slow_down();
    result.found += is_found(simulated, matrix.judge_session());
  }
  return result;
}

std::vector<PromisedCase> promised_cases() {
  std::vector<PromisedCase> cases = {
      {{.run_noise = 0.005, .looks = {4}}, 0.01, 0.99},
      {{.run_noise = 0.01, .looks = {6}}, 0.01, 0.95},
      {{.run_noise = 0.015, .looks = {12}}, 0.01, 0.95},
      {{.run_noise = 0.02, .looks = {20}}, 0.01, 0.95},
      {{.run_noise = 0.01, .looks = {3}, .slowdown = 0.01, .in_all_cells = true}, 0.01, 0.95},
  };
  struct Looks {
    std::vector<int> set;
    int extensions = 0;
  };
  // The noise is such that the estimate's threshold holds back few alarms: the test alone has to.
  for (const RunNoise noise : {RunNoise::kNormal, RunNoise::kHeavyTailed}) {
    for (const int calibration_pairs : {0, 6}) {
      for (const int cells : {2, 24}) {
        for (const Looks& looks :
             {Looks{{2}}, Looks{{3}}, Looks{{6}}, Looks{{6, 12, 20}}, Looks{{3}, 3}}) {
          cases.push_back({{.cells = cells,
                            .run_noise = 0.03,
                            .looks = looks.set,
                            .extensions = looks.extensions,
                            .calibration_pairs = calibration_pairs,
                            .noise = noise,
                            .slowdown = 0},
                           noise == RunNoise::kNormal ? 0.01 : 0.015});
        }
      }
    }
  }
  return cases;
}

ShareInterval share_interval(int count, int of) {
  MOEBENCH_CHECK(of > 0 && count >= 0 && count <= of);
  const double n = of, share = count / n;
  const double z_squared = kIntervalZ * kIntervalZ;
  const double center = (share + z_squared / (2 * n)) / (1 + z_squared / n);
  const double half = kIntervalZ / (1 + z_squared / n) *
                      std::sqrt(share * (1 - share) / n + z_squared / (4 * n * n));
  return {share, std::max(0.0, center - half), std::min(1.0, center + half)};
}

Promise check_promise(const PromisedCase& promised, const SimulatedResult& result) {
  const Promise neither = std::max(check_false(result.false_alarms, promised, result),
                                   check_false(result.false_improvements, promised, result));
  return promised.min_found ? std::max(neither, check_found(promised, result)) : neither;
}

namespace {

// "6, 12, 20", "3, extended to 6, 12, 24".
std::string looks_text(const SimulatedCase& simulated) {
  const std::string text = fmt::format("{}", fmt::join(simulated.looks, ", "));
  if (simulated.extensions == 0) return text;
  record::Session session;
  record::plan_looks(session, simulated.looks);
  session.later_looks.resize(static_cast<std::size_t>(simulated.extensions));
  return fmt::format("{}, extended to {}", text, fmt::join(session.later_looks, ", "));
}

reports::Entry percent(double share) { return {share, fmt::format("{:.2f} %", 100 * share)}; }

// The columns of a share that was counted and of what is promised of it.
reports::Table share_columns(const char* title) {
  using reports::number_column;
  return {number_column(title), number_column("from", reports::kPlain, "interval from"),
          number_column("to", reports::kPlain, "interval to"), number_column("promised"),
          reports::words_column("promise")};
}

void add_share(const ShareInterval& interval, const char* side, double bound, Promise promise,
               std::vector<reports::Entry>& row) {
  row.insert(row.end(), {percent(interval.share), percent(interval.lower), percent(interval.upper),
                         reports::Entry(bound, fmt::format("{} {:g} %", side, 100 * bound)),
                         reports::Entry(to_string(promise))});
}

reports::Table table_of(reports::Table keys, reports::Table figures) {
  for (reports::Column& key : keys) key.is_key = true;
  keys.insert(keys.end(), figures.begin(), figures.end());
  return keys;
}

reports::Table case_columns() {
  return {reports::number_column("cells", reports::kCount),
          reports::number_column("run noise", reports::kShare), reports::words_column("tails"),
          reports::number_column("calibration pairs", reports::kCount),
          reports::number_column("pairs")};
}

std::vector<reports::Entry> describe(const SimulatedCase& simulated) {
  return {static_cast<double>(simulated.cells), simulated.run_noise, to_string(simulated.noise),
          static_cast<double>(simulated.calibration_pairs), looks_text(simulated)};
}

}  // namespace

namespace {

struct Tables {
  reports::Table alarms, improvements, found;
};

Tables empty_tables() {
  reports::Table alarm_figures = share_columns("any false alarm in an A/A matrix");
  alarm_figures.push_back(reports::number_column("A/A all PASS"));
  reports::Table found_keys = case_columns();
  found_keys.push_back(reports::words_column("slower"));
  return {table_of(case_columns(), std::move(alarm_figures)),
          table_of(case_columns(), share_columns("any IMPROVED in an A/A matrix")),
          table_of(std::move(found_keys), share_columns("slowdown found"))};
}

void add_case(const PromisedCase& promised, const SimulatedResult& result, Tables& tables) {
  const SimulatedCase& simulated = promised.simulated;
  const auto add_false = [&](int count, std::vector<reports::Entry>& row) {
    add_share(share_interval(count, result.matrices), "<=", promised.max_false_alarms,
              check_false(count, promised, result), row);
  };
  std::vector<reports::Entry> row = describe(simulated);
  add_false(result.false_alarms, row);
  row.push_back(percent(static_cast<double>(result.passed) / result.matrices));
  add_row(tables.alarms, std::move(row));
  row = describe(simulated);
  add_false(result.false_improvements, row);
  add_row(tables.improvements, std::move(row));
  if (!promised.min_found) return;
  row = describe(simulated);
  row.emplace_back(fmt::format("{} in {}", reports::format_change(simulated.slowdown),
                               simulated.in_all_cells ? "all cells" : "one cell"));
  add_share(share_interval(result.found, result.matrices), ">=", *promised.min_found,
            check_found(promised, result), row);
  add_row(tables.found, std::move(row));
}

// Counts of so many matrices at which a promise is kept, and at which it is broken; between these
// it is undecided.
struct Tolerance {
  std::optional<int> kept, broken;
};

Tolerance tolerance_of(double bound, int sign, int matrices) {
  Tolerance tolerance;
  for (int i = 0; i <= matrices; ++i) {
    const int count = sign > 0 ? i : matrices - i;
    const Promise promise = check_bound(share_interval(count, matrices), bound, sign);
    if (promise == Promise::kKept) tolerance.kept = count;
    if (promise == Promise::kBroken) {
      tolerance.broken = count;
      break;
    }
  }
  return tolerance;
}

std::string tolerance_text(double bound, int sign, int matrices) {
  const Tolerance tolerance = tolerance_of(bound, sign, matrices);
  const auto percent_of = [&](int count) { return 100.0 * count / matrices; };
  std::string text = fmt::format("{} {:g} %: ", sign > 0 ? "at most" : "at least", 100 * bound);
  text += tolerance.kept ? fmt::format("kept {} {} of {} ({:.2f} %), ", sign > 0 ? "up to" : "from",
                                       *tolerance.kept, matrices, percent_of(*tolerance.kept))
                         : fmt::format("{} matrices cannot show that it is kept, ", matrices);
  return text + (tolerance.broken
                     ? fmt::format("broken {} {} ({:.2f} %)", sign > 0 ? "from" : "up to",
                                   *tolerance.broken, percent_of(*tolerance.broken))
                     : "nor that it is broken");
}

// One a promise that there is.
std::vector<std::string> tolerance_texts(const std::vector<PromisedCase>& cases, int matrices) {
  std::vector<std::string> texts;
  const auto add = [&](std::string text) {
    if (std::ranges::count(texts, text) == 0) texts.push_back(std::move(text));
  };
  for (const PromisedCase& promised : cases) {
    add(tolerance_text(promised.max_false_alarms, +1, matrices));
    if (promised.min_found) add(tolerance_text(*promised.min_found, -1, matrices));
  }
  return texts;
}

}  // namespace

reports::Document simulation_document(const std::vector<PromisedCase>& cases,
                                      const std::vector<SimulatedResult>& results) {
  MOEBENCH_CHECK(cases.size() == results.size() && !cases.empty());
  Tables tables = empty_tables();
  for (std::size_t i = 0; i < cases.size(); ++i) add_case(cases[i], results[i], tables);
  const int matrices = results.front().matrices;
  reports::Document document;
  add_paragraph(document,
                fmt::format("{} matrices a row. from, to: two-sided 95 % interval of the share, "
                            "given so many; a promise is kept where all of it is on the right side "
                            "of the bound, broken where none is, else undecided. So the tolerance "
                            "of a promise, between kept and broken, is:",
                            matrices));
  add_list(document, tolerance_texts(cases, matrices));
  add_section(document, {2, "False alarms"}, std::move(tables.alarms));
  add_section(document, {2, "False improvements"}, std::move(tables.improvements));
  add_section(document, {2, "Slowdowns"}, std::move(tables.found));
  return document;
}

}  // namespace moebench::gate
