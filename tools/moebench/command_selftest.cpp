#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/launch/run_cell.h"
#include "harness/session/pair_session.h"
#include "harness/session/plan.h"
#include "harness/session/today.h"
#include "reports/gate/gate.h"
#include "reports/gate/names.h"
#include "reports/gate/plan.h"
#include "reports/gate/simulate.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

using gate::Report;
using gate::Verdict;

constexpr std::uint64_t kSimulationSeed = 20240601;
constexpr double kSmallestSlowdown = 0.05;

constexpr const char* kModel = R"({"model_type": "mixtral", "hidden_size": 128,
"intermediate_size": 256, "num_hidden_layers": 2, "num_local_experts": 8, "num_experts_per_tok": 2,
"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
"max_position_embeddings": 512, "output_router_logits": true}
)";

constexpr const char* kScenario = R"(# Written by moebench selftest.
scenarios:
  - name: selftest
    axes:
      model: selftest.json
      expert_kernel: [grouped, loop]
      micro_batch: 2
      seq_len: 128
      packing: true
    settings: {steps: 20, warmup_steps: 3}
)";

std::string percent(double fraction) { return fmt::format("{:.1f} %", fraction * 100); }

std::pair<int, std::string> outcome_of(gate::Promise worst) {
  switch (worst) {
    case gate::Promise::kKept:
      return {kExitOk, "\nThe gate keeps what is promised.\n"};
    case gate::Promise::kUndecided:
      return {
          kExitInconclusive,
          "\nNo promise is broken, but so few matrices do not show that each is kept: give more "
          "with --matrices.\n"};
    case gate::Promise::kBroken:
      return {kExitSelftestFailed, "\nThe gate breaks a promise.\n"};
  }
  MOEBENCH_CHECK(!"a promise outside its enumeration");
}

int simulate(int matrices, std::ostream& notes) {
  const auto cases = gate::promised_cases();
  std::vector<gate::SimulatedResult> results;
  gate::Promise worst = gate::Promise::kKept;
  for (const gate::PromisedCase& promised : cases) {
    notes << fmt::format("\rsimulating case {} of {} ...", results.size() + 1, cases.size())
          << std::flush;
    results.push_back(gate::simulate(promised.simulated, matrices, kSimulationSeed));
    worst = std::max(worst, check_promise(promised, results.back()));
  }
  notes << "\n";
  const auto [exit_code, verdict] = outcome_of(worst);
  return write_outputs(exit_code, {[&] {
                         print_document(gate::simulation_document(cases, results));
                         print_text(verdict);
                       }});
}

class Selftest {
 public:
  explicit Selftest(const SelftestArguments& options) : options_(options), folder_(options.out) {
    fs::create_directories(folder_);
    selection_ = options.selection;
    if (selection_.file.empty()) {
      write_file_atomically(folder_ / "selftest.json", kModel);
      write_file_atomically(folder_ / "selftest.yaml", kScenario);
      selection_.file = (folder_ / "selftest.yaml").string();
    }
    cells_ = session::cells_to_run(session::select_scenarios(selection_), selection_);
  }

  int run() {
    if (!options_.slowdown.empty()) slowdown_ = parse_percent(options_.slowdown, "--slowdown");
    int exit_code = run_pairs("same", 0);
    if (exit_code != kExitOk) return exit_code;
    const Report same = judge("same");
    print("Equal runs", same);
    for (const Verdict wrong : {Verdict::kRegressed, Verdict::kImproved}) {
      if (!same.any(wrong)) continue;
      return fail(fmt::format("the gate cries wolf: equal runs {}", to_string(wrong)));
    }
    choose_slowdown();
    // Whole percents, as the worker takes them.
    const auto percents = static_cast<int>(std::lround(*slowdown_ * 100));
    exit_code = run_pairs("slower", percents);
    if (exit_code != kExitOk) return exit_code;
    const Report slower = judge("slower");
    print(fmt::format("{} % slower in {}", percents, name(0)), slower);
    return verdict(slower);
  }

 private:
  std::string name(std::size_t cell) const {
    return session::describe(cells_[cell], session::varying_axes(cells_));
  }

  // The first cell's candidate is slowed down: moebench's own worker takes longer for each measured
  // step, another engine is stopped from outside now and then.
  int run_pairs(const std::string& what, int percents) const {
    session::PairSession pairs =
        start_session(options_.launcher, options_.progress, options_.command_line);
    pairs.folder = folder_ / what;
    for (const auto& cell : cells_) pairs.cells.push_back({cell, cell});
    pairs.base_worker = pairs.candidate_worker = launch::find_programs(cells_);
    pairs.plan.base =
        pairs.base_worker.empty() ? cells_.front().engine.name : pairs.base_worker.string();
    const std::string fault = percents > 0 ? fmt::format("slow@0:{}", percents) : "";
    pairs.plan.candidate = fault.empty() ? pairs.plan.base : "the same with " + fault;
    pairs.plan.looks = {static_cast<int>(options_.pairs)};
    pairs.plan.busy_cores = options_.busy_cores;
    if (!fault.empty()) pairs.calibration = folder_ / "same";
    pairs.force = options_.force;
    pairs.fresh = true;
    const auto is_slowed = [fault, slow_cell = cells_.front().id()](const config::CellConfig& cell,
                                                                    record::Arm arm) {
      return !fault.empty() && arm == record::Arm::kCandidate && cell.id() == slow_cell;
    };
    pairs.environment = [=](const config::CellConfig& cell, record::Arm arm) {
      if (!is_slowed(cell, arm) || !cell.engine.is_builtin()) {
        return launch::EnvironmentVariables{};
      }
      return launch::EnvironmentVariables{{"MOEBENCH_TEST_FAULT", fault}};
    };
    pairs.slowdown = [=](const config::CellConfig& cell, record::Arm arm) {
      return is_slowed(cell, arm) && !cell.engine.is_builtin() ? percents / 100.0 : 0;
    };
    return cli::run_session(std::move(pairs));
  }

  Report judge(const std::string& what) const {
    const fs::path folder = folder_ / what;
    const auto session = record::load_session(folder);
    if (!session) throw Error("'{}' lost its session.json", folder.string());
    return gate::judge({.session = *session,
                        .records = record::load(folder, record::Duplicates::kRefuse),
                        .calibration = record::load(folder / session::kCalibrationFolder),
                        .today = session::today()});
  }

  void choose_slowdown() {
    if (slowdown_) return;
    slowdown_ = kSmallestSlowdown;
    const auto session = record::load_session(folder_ / "same");
    const gate::Plan plan = gate::make_plan({.cells = session->cells,
                                             .calibration = record::load(folder_ / "same"),
                                             .busy_cores = options_.busy_cores});
    const auto& smallest = plan.cells.front().smallest;
    if (!smallest || *smallest <= kSmallestSlowdown) return;
    slowdown_ = std::ceil(*smallest * 100) / 100;
    print_text(
        fmt::format("This machine's noise hides +5 %: +{} is injected.\n\n", percent(*slowdown_)));
  }

  void print(const std::string& title, const Report& report) const {
    std::string text = title + ":\n";
    for (std::size_t i = 0; i < report.cells.size(); ++i) {
      for (const gate::MetricTest& test : report.cells[i].tests) {
        if (!test.is_time) continue;
        text += fmt::format("  {}: {} in {}, worse by {}, n = {}, noise {}\n", name(i),
                            to_string(test.verdict), test.metric, change_text(test), test.pairs,
                            test.noise ? percent(*test.noise) : "unknown");
      }
    }
    for (const std::string& note : report.notes) text += "  - " + note + "\n";
    print_text(text + "\n");
  }

  int fail(const std::string& why) const {
    return write_outputs(kExitSelftestFailed, {[&] { print_text("FAILED: " + why + "\n"); }});
  }

  int verdict(const Report& slower) const {
    if (slower.cells.front().verdict != Verdict::kRegressed) {
      return fail("the gate misses the slowdown");
    }
    for (std::size_t i = 1; i < slower.cells.size(); ++i) {
      if (slower.cells[i].verdict != Verdict::kRegressed) continue;
      return fail("the gate cries wolf in " + name(i));
    }
    print_text("The gate finds the slowdown, and only the slowdown.\n");
    return kExitOk;
  }

  const SelftestArguments& options_;
  fs::path folder_;
  session::Selection selection_;
  std::vector<config::CellConfig> cells_;
  std::optional<double> slowdown_;
};

}  // namespace

int run_command(const SelftestArguments& options) {
  if (options.simulate) {
    return simulate(static_cast<int>(options.matrices),
                    launch::notes(&std::cerr, options.progress.verbosity()));
  }
  return Selftest(options).run();
}

}  // namespace moebench::cli
