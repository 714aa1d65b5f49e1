#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/names.h"
#include "tools/moebench/gate_options.h"
#include "tools/moebench/launcher_options.h"
#include "tools/moebench/progress_options.h"
#include "tools/moebench/suite_options.h"

namespace moebench::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCellFailed = 3;

// `profile --format` takes this too; it lists the files for Python's pstats.
inline constexpr const char* kPstats = "pstats";

// `report --format` takes this too; it prints a YAML document a cell.
inline constexpr const char* kCard = "card";

// The figures that `report --published` takes where no file is named, in the tree.
inline constexpr const char* kPublishedFigures = "scenarios/reference/published.csv";

struct ListArguments {
  session::Selection selection;
  std::string format;  // empty: see output.h, as in all commands
};

struct RunArguments {
  session::Selection selection;
  std::string out;                    // empty: results/<stem of the file>
  std::string group;                  // K/N, of session::parse_group(); empty: all cells
  std::string repeats;                // a number, auto, or empty: the file's
  std::vector<std::string> baseline;  // axis=value, instead of the file's
  std::string order;                  // word of session::Order; empty: rounds
  std::optional<double> time_limit_s;
  std::optional<double> progress_limit_s;
  LauncherOptions launcher;
  ProgressOptions progress;
  bool dry_run = false;
  bool fail_fast = false;
  bool force = false;
  bool fresh = false;
  bool keep_other_builds = false;  // results of another worker count as well
  bool keep_disturbed = false;     // no round is made again
  double busy_cores = 0.25;
  std::string budget;        // "15min": cells are chosen for the map; empty: all run
  std::string profile;       // level, instead of the file's; empty: the file's
  std::string command_line;  // as typed; goes into the records
};

enum class SubmitFormat { kSlurm, kJobset, kTrainjob };
constexpr auto names_of(SubmitFormat) {
  return name_table<SubmitFormat>({{SubmitFormat::kSlurm, "slurm"},
                                   {SubmitFormat::kJobset, "jobset"},
                                   {SubmitFormat::kTrainjob, "trainjob"}});
}

struct SubmitArguments {
  RunArguments run;  // what the job is to do; its launcher is slurm where none was named
  std::string format = "slurm";  // word of SubmitFormat
  std::optional<std::int64_t> nodes;
  std::string time;  // as sbatch takes it; empty: by the cells' limits
  std::string partition;
  std::string account;
  std::vector<std::string> sbatch_options;
  bool is_array = false;
  std::optional<int> groups;  // of an array
  bool dry_run = false;
  bool wait = false;
  // Of Kubernetes; empty: see cluster/kubernetes.h.
  std::string image;
  std::string name_space;
  std::string queue;
  std::string claim;
  std::string mount = "/results";
  std::string runtime = "torch-distributed";
};

struct StatusArguments {
  std::string folder;
  bool wait = false;
  std::string format = {};
};

struct ProfileArguments {
  session::Selection selection;
  std::string level = "ops";
  std::int64_t top = 15;  // rows of a table of operations
  std::string format;
  std::string figure;
  std::string out;  // empty: results/<stem of the file>-profile
  bool fresh = false;
  bool force = false;
  bool keep_other_builds = false;
  LauncherOptions launcher;
  ProgressOptions progress;
  std::string command_line;  // as typed; goes into the records
};

struct VerifyResumeArguments {
  session::Selection selection;
  std::string out;  // empty: results/<stem of the file>-verify
  std::optional<std::int64_t> steps_before;
  bool force = false;
  LauncherOptions launcher;
  ProgressOptions progress;
  std::string command_line;  // as typed; goes into the records
};

struct ReportArguments {
  std::vector<std::string> folders{};  // or paths of results.jsonl
  std::vector<std::string> labels{};   // one a folder; empty: their names
  std::string format{};
  std::string figure{};
  std::vector<std::string> reference{};  // axis=value
  std::vector<std::string> filters{};    // axis=value
  std::vector<std::string> rows{};       // axes; these and `values` ask for a pivot
  std::vector<std::string> columns{};    // of a pivot axes
  std::vector<std::string> values{};     // metrics
  bool is_wide = false;
  bool fms_table = false;
  bool profile = false;
  bool keep_other_builds = false;
  std::string published{};  // file of figures that others have published; empty: not asked for
  std::optional<double> price{};  // of a GPU-hour
  std::string out{};              // empty: stdout
};

struct DiffArguments {
  std::vector<std::string> folders{};  // one or two
  std::vector<std::string> labels{};
  std::vector<std::string> from{};     // axis=value
  std::vector<std::string> to{};       // axis=value
  std::vector<std::string> filters{};  // axis=value
  std::int64_t top = 15;               // rows of a table
  bool keep_other_builds = false;
  std::string format{};
  std::string out{};  // empty: stdout
};

struct CrossoverArguments {
  std::vector<std::string> folders{};
  std::vector<std::string> labels{};
  std::vector<std::string> filters{};  // axis=value
  std::string against{};               // parallelism to compare with alone; empty: all
  bool keep_other_builds = false;
  std::string format{};
  std::string figure{};
  std::string out{};  // empty: stdout
};

struct AdoptArguments {
  std::vector<std::string> logs;
  std::string adapter = "auto";
  std::string pattern;
  std::vector<std::string> meaning;  // name=word
  std::vector<std::string> axes;     // axis=value
  std::int64_t warmup_steps = 1;
  std::string scenario = "adopted";
  std::string out = "results/adopted";
  std::string command_line;  // as typed; goes into the record
};

struct ImportArguments {
  std::string kind;  // of imports::importers()
  std::vector<std::string> files;
  std::string scenario;  // empty: the kind
  std::string out = "results/imported";
  std::string command_line;  // as typed; goes into the records
};

struct DoctorArguments {
  std::int64_t ranks = 2;
  std::int64_t threads = 1;
  bool quick = false;
  std::string format;
  std::string figure;
  LauncherOptions launcher;
};

struct LoadArguments {
  std::string checkpoint;            // folder or .safetensors file
  std::vector<std::string> loaders;  // empty: direct
  std::string parallelism = "ep";
  std::optional<std::int64_t> ep_degree;  // empty: the ranks, as far as the experts allow
  std::optional<std::int64_t> ranks;      // empty: the ep_degree, or 1
  std::optional<std::int64_t> one_rank;
  std::string tensors;  // empty: experts with ep, else all
  std::string cache = "warm";
  std::string io = "auto";
  std::string dtype = "bf16";
  std::int64_t threads = 1;
  std::int64_t repeats = 3;
  std::string format;
  std::string figure;
  std::string out = "results/load";
  bool force = false;
  LauncherOptions launcher;
  ProgressOptions progress;
  std::string command_line;  // as typed; goes into the records
};

struct MakeCheckpointArguments {
  std::string model;  // name, config.json or folder
  std::string out;
  std::uint64_t seed = 0;
  std::string dtype = "bf16";
  std::string shard_size = "1GB";
  bool stack_experts = false;
};

using Command =
    std::variant<ListArguments, RunArguments, SubmitArguments, StatusArguments, ProfileArguments,
                 VerifyResumeArguments, ReportArguments, DiffArguments, CrossoverArguments,
                 AdoptArguments, ImportArguments, LoadArguments, MakeCheckpointArguments,
                 DoctorArguments, GateCommand, SuiteCommand>;

// --help or --version: a text for stdout and nothing else to do; for stderr where it stands in
// place of a command that is missing.
struct Information {
  std::string text;
  int exit_code = kExitOk;
};

// The one table of options: parses, checks and prints help. Error where the words make no command.
std::variant<Command, Information> parse_command_line(int argc, const char* const* argv);

// "1GB", "500MB", "2GiB", "4096"; Error otherwise.
std::int64_t parse_bytes(const std::string& text);

// "90s", "15min", "1.5h", in ns; Error otherwise.
double parse_duration_ns(const std::string& text);

}  // namespace moebench::cli
