#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/session/plan.h"
#include "tools/moebench/launcher_options.h"
#include "tools/moebench/progress_options.h"

namespace CLI {
class App;
}

// Options of the commands around the regression gate.
namespace moebench::cli {

inline constexpr int kExitRegressed = 1;
inline constexpr int kExitInconclusive = 4;
inline constexpr int kExitNotComparable = 5;
inline constexpr int kExitNoBaseline = 6;
inline constexpr int kExitSelftestFailed = 7;

// A format of the gate alone: markdown for a comment on a pull request.
inline constexpr const char* kPrComment = "pr-comment";

struct CalibrateArguments {
  session::Selection selection;
  std::int64_t pairs = 6;
  std::string out;  // empty: results/<stem of the file>-calibration
  double busy_cores = 0.25;
  LauncherOptions launcher;
  bool force = false;
  ProgressOptions progress;
  bool fresh = false;
  std::string command_line;  // as typed; goes into the records
};

struct AbArguments {
  session::Selection selection;
  std::string base;                        // worker or build folder; empty: this build
  std::string candidate;                   // likewise
  std::vector<std::string> candidate_set;  // axis=value: the candidate is another cell instead
  std::string pairs = "auto";              // or a number
  std::string calibration;                 // folder; empty: that of the file where there is one
  std::string out;                         // empty: results/<stem of the file>-ab
  std::vector<std::string> metrics;
  std::string mde = "5%";
  double busy_cores = 0.25;
  LauncherOptions launcher;
  bool force = false;
  ProgressOptions progress;
  bool fresh = false;
  bool extend = false;
  std::string command_line;
};

struct GateArguments {
  std::string folder;
  std::string mde;  // empty: what the session set itself
  std::vector<std::string> fail_on = {"regressed", "inconclusive", "missing"};
  std::string baseline;  // empty: the session of pairs in the folder is judged
  std::string require;   // bounds that the runs in the folder are judged by instead
  std::string store = "results/baselines";
  bool github = false;
  std::string junit;
  std::string figure;
  std::string format;  // empty: see output.h
};

struct PowerArguments {
  session::Selection selection;
  std::string effect = "5%";
  std::string noise{};        // empty: the calibration's
  std::string calibration{};  // empty: that of the file
  std::string format{};       // empty: see output.h
};

struct BaselineArguments {
  std::string action;  // save, list, show, promote, rm
  std::string name;
  std::string folder;  // save's
  std::string store = "results/baselines";
  std::string figure;
  std::string format;  // of list and show; empty: see output.h
};

struct SelftestArguments {
  session::Selection selection;  // no file: cells of its own
  bool simulate = false;
  std::int64_t matrices = 4000;
  std::int64_t pairs = 6;
  std::string slowdown;  // empty: 5 %, or the least that this machine's noise lets the gate find
  double busy_cores = 0.25;
  std::string out = "results/selftest";
  bool force = false;
  LauncherOptions launcher;
  ProgressOptions progress;
  std::string command_line;
};

struct GateCommandArguments {
  CalibrateArguments calibrate;
  AbArguments ab;
  GateArguments gate;
  PowerArguments power;
  BaselineArguments baseline;
  SelftestArguments selftest;
};

// Adds the subcommands, which fill `options`.
void add_gate_commands(CLI::App& app, GateCommandArguments& options);

using GateCommand = std::variant<CalibrateArguments, AbArguments, GateArguments, PowerArguments,
                                 BaselineArguments, SelftestArguments>;
// The one that was given, nullopt where it was another command.
std::optional<GateCommand> given_gate_command(const CLI::App& app,
                                              const GateCommandArguments& options);

// "5%" -> 0.05; above 0 and below 100 %. Error otherwise; `option` names it.
double parse_percent(const std::string& text, const std::string& option);

int run_command(const CalibrateArguments& options);
int run_command(const AbArguments& options);
int run_command(const GateArguments& options);
int run_command(const PowerArguments& options);
int run_command(const BaselineArguments& options);
int run_command(const SelftestArguments& options);

}  // namespace moebench::cli
