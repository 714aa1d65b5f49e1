#include "tools/moebench/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "harness/config/enums.h"
#include "harness/config/transport.h"
#include "harness/launch/launcher.h"
#include "harness/machine/environment.h"
#include "reports/write/format.h"
#include "tools/moebench/help_pages.h"
#include "tools/moebench/number_checks.h"
#include "tools/moebench/option_groups.h"
#include "tools/moebench/result_options.h"
#include "tools/moebench/submit_options.h"
#include "tools/moebench/wrong_words.h"

namespace moebench::cli {
namespace {

constexpr const char* kLauncherArguments = "--launcher-args";  // which may be none

// The words of an enum, but for those that make no sense on the command line.
template <NamedEnum Enum>
CLI::Validator one_of(const std::vector<std::string>& but = {}) {
  std::vector<std::string> words = names<Enum>();
  std::erase_if(words, [&](const std::string& word) { return std::ranges::count(but, word) > 0; });
  return known_word(std::move(words));
}

void add_cells(CLI::App& app, session::Selection& selection) {
  app.add_option("FILE", selection.file, "Scenario file, or the name of a shipped one")->required();
  app.add_option("--only", selection.only, "Only these scenarios; slow ones need it")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--filter", selection.filters, "Only cells with these axis values")
      ->type_name("AXIS=VALUE")
      ->allow_extra_args(false);
  add_set(app, selection);
}

void add_list(CLI::App& app, ListArguments& options) {
  CLI::App* list = app.add_subcommand("list", "Show the cells of a scenario file");
  add_selection(*list, options.selection);
  add_format(*list, options.format, "Default: terminal");
}

void add_keep_other_builds(CLI::App& app, bool& keep) {
  app.add_flag("--keep-other-builds", keep,
               "Count results of another worker too, instead of measuring again");
}

void add_run(CLI::App& app, RunArguments& options) {
  CLI::App* run = app.add_subcommand("run", "Run the cells that have no ok record yet");
  add_run_options(*run, options);
  run->add_option("--group", options.group,
                  "Only this part of the cells; other parts may run at the same time")
      ->type_name("K/N");
  run->add_option("--budget", options.budget,
                  "Run time to find out in where expert parallelism starts to win: 15min")
      ->type_name("TIME");
  run->add_flag("--dry-run", options.dry_run,
                "Show what would run, what it takes, and start nothing");
  run->add_flag("--fresh", options.fresh, "Remove the results in DIR and start over");
}

void add_profile(CLI::App& app, ProfileArguments& options) {
  CLI::App* profile =
      app.add_subcommand("profile", "Run cells and show where their time and memory go");
  add_selection(*profile, options.selection);
  profile->add_option("--level", options.level, "How closely to look; each includes the one before")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(one_of<config::Profile>({"none"}));
  profile->add_option("--top", options.top, "Rows of a table of operations")
      ->capture_default_str()
      ->type_name("N")
      ->check(whole_number(1, kMaxRows));
  add_format(*profile, options.format, "As of report; pstats: the files for Python's pstats",
             {kPstats});
  add_figure(*profile, options.figure);
  profile
      ->add_option("--out", options.out, "Results folder, default results/<stem of FILE>-profile")
      ->type_name("DIR");
  add_force(*profile, options.force);
  profile->add_flag("--fresh", options.fresh, "Remove the results in DIR and start over");
  add_keep_other_builds(*profile, options.keep_other_builds);
  add_launcher(*profile, options.launcher);
  add_progress(*profile, options.progress);
}

void add_verify_resume(CLI::App& app, VerifyResumeArguments& options) {
  CLI::App* verify = app.add_subcommand(
      "verify-resume", "Prove that a run that is saved and resumed trains as one that never stops");
  add_cells(*verify, options.selection);
  verify->add_option("--out", options.out, "Results folder, default results/<stem of FILE>-verify")
      ->type_name("DIR");
  verify
      ->add_option("--steps-before", options.steps_before,
                   "Steps before the checkpoint, default half of the cell's")
      ->type_name("K")
      ->check(whole_number(1, config::kMaxSteps));
  add_force(*verify, options.force);
  add_launcher(*verify, options.launcher);
  add_progress(*verify, options.progress);
}

void add_load_what(CLI::App& load, LoadArguments& options) {
  load.add_option("CHECKPOINT", options.checkpoint, "Hugging Face folder or .safetensors file")
      ->required();
  add_words(load, "--loader", options.loaders, "Several with commas; default direct")
      ->check(one_of<config::Loader>());
  load.add_option("--parallelism", options.parallelism, "How the ranks share the weights")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(one_of<config::Parallelism>());
  load.add_option("--ep-degree", options.ep_degree, "Ranks that share the experts")
      ->type_name("N")
      ->check(num_ranks());
  load.add_option("--ranks", options.ranks, "Default: the --ep-degree, or 1")
      ->type_name("N")
      ->check(num_ranks());
  load.add_option("--one-rank", options.one_rank, "Only this rank of them all, alone")
      ->type_name("I")
      ->check(whole_number(0, config::kMaxRanks - 1));
  load.add_option("--tensors", options.tensors, "Default: experts with ep, all with fsdp")
      ->type_name("NAME")
      ->check(one_of<config::LoadTensors>());
}

void add_load_how(CLI::App& load, LoadArguments& options) {
  load.add_option("--cache", options.cache, "What the page cache holds of the files before")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(one_of<config::Cache>());
  load.add_option("--io", options.io, "auto: past the page cache what is not in it")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(one_of<config::LoadIo>());
  load.add_option("--dtype", options.dtype, "Number format to load as")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(one_of<config::Dtype>());
  load.add_option("--threads", options.threads, "Threads of a rank")
      ->capture_default_str()
      ->type_name("N")
      ->check(num_threads());
  load.add_option("--repeats", options.repeats, "Repetitions, each in processes of its own")
      ->capture_default_str()
      ->type_name("N")
      ->check(num_repeats());
}

void add_load(CLI::App& app, LoadArguments& options) {
  CLI::App* load = app.add_subcommand("load", "Measure how fast a checkpoint loads, and why");
  add_load_what(*load, options);
  add_load_how(*load, options);
  add_format(*load, options.format);
  add_figure(*load, options.figure);
  load->add_option("--out", options.out, "Results folder; results in it are replaced")
      ->capture_default_str()
      ->type_name("DIR");
  add_force(*load, options.force);
  add_launcher(*load, options.launcher);
  add_progress(*load, options.progress);
}

void add_make_checkpoint(CLI::App& app, MakeCheckpointArguments& options) {
  CLI::App* make = app.add_subcommand("make-checkpoint",
                                      "Write a Hugging Face checkpoint with seeded random weights");
  make->add_option("--model", options.model,
                   "Shipped model, config.json or folder, or {base: NAME, key: value}")
      ->type_name("NAME")
      ->required();
  make->add_option("--out", options.out, "Folder to write; must be new or empty")
      ->type_name("DIR")
      ->required();
  make->add_option("--seed", options.seed, "Seed of the weights")
      ->capture_default_str()
      ->check(unsigned_number())
      ->type_name("N");
  make->add_option("--dtype", options.dtype, "Number format of the weights")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(one_of<config::Dtype>());
  make->add_option("--shard-size", options.shard_size, "Largest file, e.g. 500MB or 1GB")
      ->capture_default_str()
      ->type_name("SIZE");
  make->add_flag("--stack-experts", options.stack_experts,
                 "All experts of a layer in two tensors, as transformers 5 has them in memory");
}

void add_doctor(CLI::App& app, DoctorArguments& options) {
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Measure what this machine gives, and say what would disturb a measurement");
  doctor->add_option("--ranks", options.ranks, "Ranks that measure together")
      ->capture_default_str()
      ->type_name("N")
      ->check(num_ranks());
  doctor->add_option("--threads", options.threads, "Threads of each rank")
      ->capture_default_str()
      ->type_name("N")
      ->check(num_threads());
  doctor->add_flag("--quick", options.quick, "Seconds instead of a minute, less exact");
  add_format(*doctor, options.format);
  add_figure(*doctor, options.figure);
  add_launcher(*doctor, options.launcher);
}

void add_help(CLI::App& app, std::string& command) {
  CLI::App* help = app.add_subcommand("help", "Show the options of a command, with examples");
  help->add_option("COMMAND", command, "Which one; without it the commands are listed");
}

// `moebench help COMMAND`, which is `moebench COMMAND --help`.
Information help_of(const CLI::App& app, const std::string& command) {
  if (command.empty())
    return {app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal)};
  const auto found = app.get_subcommands(
      [&](const CLI::App* candidate) { return candidate->get_name() == command; });
  if (found.empty()) refuse_command(app, command);
  return {found.front()->help(app.get_name())};
}

// Refuses what a shell makes of an unset variable: taken for a value it would be the default.
void refuse_empty_words(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i], before = argv[i - 1];
    const bool is_option = before.starts_with("--") && before.find('=') == std::string_view::npos;
    if (word.empty() && before != kLauncherArguments) {
      throw Error("{}: the value is empty; give one, or leave it out",
                  is_option ? std::string(before) : fmt::format("word {}", i));
    }
    if (word.starts_with("--") && word.ends_with('=')) {
      throw Error("{} has no value; give one, or leave the option out", shortened(word));
    }
  }
}

std::string join_words(int argc, const char* const* argv) {
  std::string text = "moebench";
  for (int i = 1; i < argc; ++i) text += std::string(" ") + argv[i];
  return text;
}

}  // namespace

void add_selection(CLI::App& app, session::Selection& selection) {
  add_cells(app, selection);
  app.add_option("--ranks", selection.ranks, "Ranks of every cell, instead of the file's")
      ->type_name("N")
      ->check(num_ranks());
}

void add_run_options(CLI::App& app, RunArguments& options) {
  add_selection(app, options.selection);
  app.add_option("--out", options.out, "Results folder, default results/<stem of FILE>")
      ->type_name("DIR");
  app.add_option("--repeats", options.repeats,
                 "Repetitions of a cell, instead of the file's; auto: until gains are told")
      ->type_name("N")
      ->check(num_repeats_or_auto());
  add_words(app, "--baseline", options.baseline,
            "What the cells are compared with, instead of the file's: axis=value,...");
  app.add_option("--order", options.order, "Default: rounds, what is compared side by side")
      ->type_name("ORDER")
      ->check(one_of<session::Order>());
  app.add_option("--time-limit", options.time_limit_s,
                 "Seconds a repetition may take, instead of the file's")
      ->type_name("S")
      ->check(seconds_above_0());
  app.add_option("--progress-limit", options.progress_limit_s,
                 "Seconds without progress that end a repetition; 0: never")
      ->type_name("S")
      ->check(seconds_from_0());
  add_launcher(app, options.launcher);
  app.add_option("--busy-cores", options.busy_cores,
                 "Others' cores by which the arms of a round may differ")
      ->capture_default_str()
      ->type_name("N")
      ->check(number_from_0(config::kMaxRanks));
  app.add_flag("--keep-disturbed", options.keep_disturbed,
               "Do not make again the rounds that something disturbed");
  app.add_flag("--fail-fast", options.fail_fast, "End after the first repetition that fails");
  add_force(app, options.force);
  add_keep_other_builds(app, options.keep_other_builds);
  add_progress(app, options.progress);
}

CLI::Option* add_words(CLI::App& app, const std::string& name, std::vector<std::string>& words,
                       const std::string& description) {
  return app.add_option(name, words, description)
      ->type_name("LIST")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->transform([](const std::string& word) { return std::string(trimmed(word)); });
}

void add_set(CLI::App& app, session::Selection& selection) {
  app.add_option("--set", selection.set,
                 "Instead of FILE's: axis=value,axis=[a, b],settings.steps=3")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--require-transport",
         [&selection](const std::string& name) {
           selection.set.push_back("settings.require_transport=" + name);
         },
         "Cells whose ranks use another one (shm, tcp, nvlink, ib, efa) are incorrect")
      ->type_name("NAME")
      ->check(CLI::Validator(config::transport_fault, "", ""));
}

void add_force(CLI::App& app, bool& force) {
  app.add_flag("--force", force, "Start also what does not fit into the memory here");
}

void add_format(CLI::App& app, std::string& format, const std::string& description,
                const std::vector<std::string>& more) {
  std::vector<std::string> names;
  for (const reports::FormatRow& row : reports::formats()) names.emplace_back(row.name);
  names.insert(names.end(), more.begin(), more.end());
  app.add_option("--format", format, description)->type_name("NAME")->check(known_word(names));
}

void add_figure(CLI::App& app, std::string& figure) {
  app.add_option("--figure", figure, "Picture to draw as svg; a wrong name lists those there are")
      ->type_name("NAME");
}

void add_launcher(CLI::App& app, LauncherOptions& launcher) {
  app.add_option("--launcher", launcher.name,
                 "Default: slurm inside a Slurm allocation, else mpirun; env: on the hosts of the "
                 "ranks that torchrun, srun or a job's pods have started")
      ->type_name("NAME")
      ->check(one_of<launch::Launcher>({"auto", "direct"}));
  app.add_option(kLauncherArguments, launcher.arguments,
                 "More arguments of mpirun or srun, quoted as one")
      ->type_name("WORDS");
  app.add_option("--hosts", launcher.hosts,
                 "Hosts for mpirun, a line 'NAME slots=N' each; else the batch system's")
      ->type_name("FILE");
}

void add_progress(CLI::App& app, ProgressOptions& progress) {
  CLI::Option* quiet =
      app.add_flag("-q,--quiet", progress.is_quiet, "Say only what failed, and the result");
  app.add_flag("-v,--verbose", progress.is_verbose,
               "Also say what is started, where, and what each run measured")
      ->excludes(quiet);
}

std::variant<Command, Information> parse_command_line(int argc, const char* const* argv) {
  ListArguments list;
  RunArguments run;
  SubmitArguments submit;
  StatusArguments status;
  ProfileArguments profile;
  VerifyResumeArguments verify_resume;
  ReportArguments report;
  DiffArguments diff;
  CrossoverArguments crossover;
  AdoptArguments adopt;
  ImportArguments import;
  LoadArguments load;
  MakeCheckpointArguments make_checkpoint;
  DoctorArguments doctor;
  GateCommandArguments gate;
  SuiteArguments suite;
  CLI::App app("Compares ways to train mixture-of-experts models: memory, time, tokens per second.",
               "moebench");
  app.set_version_flag("--version", "moebench " + machine::version_text());
  app.require_subcommand(1);
  lay_out_help(app);
  add_list(app, list);
  add_run(app, run);
  add_submit(app, submit);
  add_status(app, status);
  add_profile(app, profile);
  add_verify_resume(app, verify_resume);
  add_result_commands(app, {report, diff, crossover, adopt, import});
  add_load(app, load);
  add_make_checkpoint(app, make_checkpoint);
  add_doctor(app, doctor);
  add_gate_commands(app, gate);
  add_suite_commands(app, suite);
  std::string command_to_explain;
  add_help(app, command_to_explain);
  add_help_texts(app);
  if (argc < 2) return Information{first_steps(app), kExitUsage};
  refuse_empty_words(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& call) {
    if (has_unknown_words(app)) refuse_words(app, call.what());
    return Information{app.help()};
  } catch (const CLI::CallForVersion& version) {
    return Information{std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    refuse_words(app, error.what());
  }
  if (app.got_subcommand("help")) return help_of(app, command_to_explain);
  run.command_line = profile.command_line = verify_resume.command_line = load.command_line =
      adopt.command_line = import.command_line = join_words(argc, argv);
  gate.calibrate.command_line = gate.ab.command_line = gate.selftest.command_line =
      run.command_line;
  if (const auto command = given_gate_command(app, gate)) return Command{*command};
  if (const auto command = given_suite_command(app, suite)) return Command{*command};
  if (app.got_subcommand("list")) return Command{list};
  if (app.got_subcommand("run")) return Command{run};
  if (app.got_subcommand("submit")) return Command{submit};
  if (app.got_subcommand("status")) return Command{status};
  if (app.got_subcommand("profile")) return Command{profile};
  if (app.got_subcommand("verify-resume")) return Command{verify_resume};
  if (app.got_subcommand("report")) return Command{report};
  if (app.got_subcommand("diff")) return Command{diff};
  if (app.got_subcommand("crossover")) return Command{crossover};
  if (app.got_subcommand("adopt")) return Command{adopt};
  if (app.got_subcommand("import")) return Command{import};
  if (app.got_subcommand("doctor")) return Command{doctor};
  if (app.got_subcommand("load")) return Command{load};
  return Command{make_checkpoint};
}

std::int64_t parse_bytes(const std::string& text) {
  struct Unit {
    std::string_view name;
    std::int64_t bytes;
  };
  constexpr std::array<Unit, 8> kUnits = {{{"", 1},
                                           {"B", 1},
                                           {"kB", 1000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"KiB", 1 << 10},
                                           {"MiB", 1 << 20},
                                           {"GiB", 1 << 30}}};
  if (const auto parsed = parse_leading_number<std::int64_t>(text)) {
    const auto [number, word] = *parsed;
    for (const Unit& unit : kUnits) {
      const bool fits = number > 0 && number <= INT64_MAX / unit.bytes;
      if (fits && unit.name == word) return number * unit.bytes;
    }
  }
  throw Error("'{}' is no size; write a whole number and B, kB, MB, GB, KiB, MiB or GiB, as in 1GB",
              shortened(text));
}

double parse_duration_ns(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, double>, 3> kUnits = {
      {{"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}};
  if (const auto parsed = parse_leading_number<double>(text)) {
    const auto [number, word] = *parsed;
    for (const auto& [name, ns] : kUnits) {
      if (name == word && number > 0 && number * ns <= config::kMaxSeconds * 1e9) {
        return number * ns;
      }
    }
  }
  throw Error("'{}' is no time; write a number and s, min or h, as in 15min", shortened(text));
}

}  // namespace moebench::cli
