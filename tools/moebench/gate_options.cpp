#include "tools/moebench/gate_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "tools/moebench/number_checks.h"
#include "tools/moebench/option_groups.h"
#include "tools/moebench/wrong_words.h"

namespace moebench::cli {
namespace {

void add_busy_cores(CLI::App& app, double& busy_cores) {
  app.add_option("--busy-cores", busy_cores, "Others' cores by which the runs of a pair may differ")
      ->capture_default_str()
      ->type_name("N")
      ->check(number_from_0(config::kMaxRanks));
}

void add_calibrate(CLI::App& app, CalibrateArguments& options) {
  CLI::App* calibrate =
      app.add_subcommand("calibrate", "Measure this machine's noise by pairs of equal runs");
  add_selection(*calibrate, options.selection);
  calibrate->add_option("--pairs", options.pairs, "Valid pairs of each cell")
      ->capture_default_str()
      ->type_name("N")
      ->check(whole_number(2, 1000));
  calibrate
      ->add_option("--out", options.out,
                   "Results folder, default results/<stem of FILE>-calibration")
      ->type_name("DIR");
  add_busy_cores(*calibrate, options.busy_cores);
  add_launcher(*calibrate, options.launcher);
  add_force(*calibrate, options.force);
  add_progress(*calibrate, options.progress);
  calibrate->add_flag("--fresh", options.fresh, "Remove the results in DIR and start over");
}

void add_ab(CLI::App& app, AbArguments& options) {
  CLI::App* ab = app.add_subcommand("ab", "Run base and candidate in pairs, for moebench gate");
  add_selection(*ab, options.selection);
  ab->add_option("--base", options.base, "Worker or build folder, default this build")
      ->type_name("PATH");
  CLI::Option* candidate =
      ab->add_option("--candidate", options.candidate, "Worker or build folder")->type_name("PATH");
  ab->add_option("--candidate-set", options.candidate_set,
                 "The candidate is FILE's cell with this axis value instead")
      ->type_name("AXIS=VALUE")
      ->allow_extra_args(false)
      ->excludes(candidate);
  ab->add_option("--pairs", options.pairs,
                 "Valid pairs of each cell; auto: until decided, at most 20")
      ->capture_default_str()
      ->type_name("N|auto");
  ab->add_option("--calibration", options.calibration,
                 "Its results folder, default that of FILE where there is one")
      ->type_name("DIR");
  ab->add_option("--out", options.out, "Results folder, default results/<stem of FILE>-ab")
      ->type_name("DIR");
  ab->add_option("--metric", options.metrics,
                 "Metrics of runs to gate; default step_time, or load_time")
      ->type_name("NAME")
      ->allow_extra_args(false);
  ab->add_option("--mde", options.mde, "Slowdown that a pass rules out")
      ->capture_default_str()
      ->type_name("PERCENT");
  add_busy_cores(*ab, options.busy_cores);
  add_launcher(*ab, options.launcher);
  add_force(*ab, options.force);
  add_progress(*ab, options.progress);
  CLI::Option* fresh =
      ab->add_flag("--fresh", options.fresh, "Remove the results in DIR and start over");
  ab->add_flag("--extend", options.extend,
               "Add the next look that a session set itself, where it ended inconclusive")
      ->excludes(fresh);
}

void add_store(CLI::App& app, std::string& store) {
  app.add_option("--store", store, "Folder of the baselines")
      ->capture_default_str()
      ->type_name("DIR");
}

void add_gate(CLI::App& app, GateArguments& options) {
  CLI::App* gate = app.add_subcommand("gate", "Judge a session of pairs; the exit code says how");
  gate->add_option("DIR", options.folder, "Results folder of moebench ab")->required();
  gate->add_option("--mde", options.mde, "Slowdown that a pass rules out, instead of the session's")
      ->type_name("PERCENT");
  add_words(*gate, "--fail-on", options.fail_on, "Verdicts that are no success")
      ->capture_default_str()
      ->check(known_word({"regressed", "inconclusive", "missing"}));
  gate->add_option("--baseline", options.baseline,
                   "Compare memory, tokens and loss of DIR's runs with this baseline instead")
      ->type_name("NAME");
  add_store(*gate, options.store);
  gate->add_flag("--github", options.github,
                 "Print annotations, append to the file GITHUB_STEP_SUMMARY names");
  gate->add_option("--junit", options.junit, "JUnit XML file to write")->type_name("FILE");
  gate->add_option("--require", options.require,
                   "Judge the runs of any DIR by bounds instead: gemm_share>=0.4,mem_peak<=64GB")
      ->type_name("BOUNDS");
  add_format(*gate, options.format,
             "Default: terminal on a terminal, else markdown; pr-comment: a short comment",
             {kPrComment});
  add_figure(*gate, options.figure);
}

void add_power(CLI::App& app, PowerArguments& options) {
  CLI::App* power =
      app.add_subcommand("power", "Tell pairs and machine time that a session needs, beforehand");
  add_selection(*power, options.selection);
  power->add_option("--effect", options.effect, "Slowdown to find")
      ->capture_default_str()
      ->type_name("PERCENT");
  power->add_option("--noise", options.noise, "Of one run, instead of the calibration's")
      ->type_name("PERCENT");
  power
      ->add_option("--calibration", options.calibration, "Its results folder, default that of FILE")
      ->type_name("DIR");
  add_format(*power, options.format);
}

void add_baseline(CLI::App& app, BaselineArguments& options) {
  CLI::App* baseline = app.add_subcommand("baseline", "Keep results under a name");
  baseline->add_option("ACTION", options.action, "What to do")
      ->required()
      ->check(known_word({"save", "list", "show", "promote", "rm"}));
  baseline->add_option("NAME", options.name, "Of the baseline; all but list need it");
  baseline->add_option("DIR", options.folder, "Results folder to save");
  add_store(*baseline, options.store);
  add_format(*baseline, options.format);
  add_figure(*baseline, options.figure);
}

void add_selftest(CLI::App& app, SelftestArguments& options) {
  CLI::App* selftest =
      app.add_subcommand("selftest", "Prove that the gate finds a slowdown, and only a slowdown");
  selftest->add_option("FILE", options.selection.file,
                       "Scenario file whose cells to test with, instead of small ones of its own");
  selftest->add_option("--only", options.selection.only, "Only these scenarios of FILE")
      ->type_name("NAME")
      ->allow_extra_args(false);
  selftest->add_option("--filter", options.selection.filters, "Only cells with these axis values")
      ->type_name("AXIS=VALUE")
      ->allow_extra_args(false);
  add_set(*selftest, options.selection);
  selftest->add_flag("--simulate", options.simulate, "Simulated matrices instead of runs");
  selftest->add_option("--matrices", options.matrices, "Simulated matrices of a case")
      ->capture_default_str()
      ->type_name("N")
      ->check(whole_number(100, 1000000));
  selftest->add_option("--pairs", options.pairs, "Valid pairs of each cell")
      ->capture_default_str()
      ->type_name("N")
      ->check(whole_number(2, 1000));
  selftest
      ->add_option("--slowdown", options.slowdown,
                   "To inject; default 5%, or the least that this noise lets be found")
      ->type_name("PERCENT");
  add_busy_cores(*selftest, options.busy_cores);
  selftest->add_option("--out", options.out, "Results folder; results in it are replaced")
      ->capture_default_str()
      ->type_name("DIR");
  add_launcher(*selftest, options.launcher);
  add_force(*selftest, options.force);
  add_progress(*selftest, options.progress);
}

}  // namespace

void add_gate_commands(CLI::App& app, GateCommandArguments& options) {
  add_calibrate(app, options.calibrate);
  add_ab(app, options.ab);
  add_gate(app, options.gate);
  add_power(app, options.power);
  add_baseline(app, options.baseline);
  add_selftest(app, options.selftest);
}

std::optional<GateCommand> given_gate_command(const CLI::App& app,
                                              const GateCommandArguments& options) {
  if (app.got_subcommand("calibrate")) return options.calibrate;
  if (app.got_subcommand("ab")) return options.ab;
  if (app.got_subcommand("gate")) return options.gate;
  if (app.got_subcommand("power")) return options.power;
  if (app.got_subcommand("baseline")) return options.baseline;
  if (app.got_subcommand("selftest")) return options.selftest;
  return std::nullopt;
}

double parse_percent(const std::string& text, const std::string& option) {
  const auto parsed = parse_leading_number<double>(text);
  if (!parsed || parsed->second != "%" || !(parsed->first > 0 && parsed->first < 100)) {
    throw Error("{}: '{}' is no percentage between 0 and 100, such as 5%", option, shortened(text));
  }
  return parsed->first / 100;
}

}  // namespace moebench::cli
