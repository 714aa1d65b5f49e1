#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/checkpoint/difference.h"
#include "harness/checkpoint/folder.h"
#include "harness/config/resumption.h"
#include "harness/launch/process.h"
#include "harness/launch/run_cell.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/plan.h"
#include "tools/moebench/results_folder.h"
#include "tools/moebench/resume_check.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;
using config::CellConfig;
using record::CellRecord;

struct Interrupted {};

// Runs cells once each and keeps their records; rows may share their straight and saved runs.
class Runner {
 public:
  Runner(const fs::path& results, const VerifyResumeOptions& options, int num_runs)
      : command_line_(options.command_line),
        display_(std::cerr, ::isatty(STDERR_FILENO) == 1, num_runs) {
    options_.results_folder = results;
    options_.worker = launch::find_worker();
    options_.launcher = launch::launcher_from_string(options.launcher);
    options_.place = launch::read_launch_place();
    options_.machine = machine::read_machine_facts();
    options_.on_progress = [this](const launch::RankProgress& now) { display_.update(now); };
  }

  // Throws Interrupted.
  const CellRecord& run(const CellConfig& cell, const std::string& name) {
    const auto found = records_.find(cell.id());
    if (found != records_.end()) return found->second;
    display_.start_run(name);
    auto record = launch::run_cell(cell, 0, options_);
    display_.end_run(!record ? "interrupted" : to_string(record->disposition));
    if (!record) throw Interrupted();
    record->environment["command_line"] = command_line_;
    record::append(options_.results_folder, *record);
    if (launch::interrupted()) throw Interrupted();
    return records_.emplace(cell.id(), std::move(*record)).first->second;
  }

  fs::path checkpoint(const CellConfig& cell, std::int64_t step) const {
    const fs::path folder = launch::repetition_folder(options_.results_folder, cell, 0);
    return checkpoint::step_folder(config::checkpoint_folder(cell, folder), step);
  }

 private:
  std::string command_line_;
  launch::RunCellOptions options_;
  launch::ProgressDisplay display_;
  std::map<std::string, CellRecord> records_;  // by id
};

bool is_ok(const CellRecord* record) {
  return record != nullptr && record->disposition == record::Disposition::kOk;
}

checkpoint::Difference compare_states(const fs::path& got, const fs::path& want) {
  const checkpoint::Reader got_reader(got), want_reader(want);
  for (const checkpoint::Reader* reader : {&got_reader, &want_reader}) {
    for (std::size_t i = 0; i < reader->manifest().files.size(); ++i) reader->verify_file(i);
  }
  return checkpoint::difference(got_reader, want_reader);
}

// The straight, the saved and the resumed run of one row, as far as they succeed.
ResumeRow verify(const CellConfig& cell, ResumeRecipe recipe, const std::string& name,
                 Runner& runner) {
  ResumeRow row{cell, recipe, {}, {}, {}, {}};
  ResumeRecords records;
  std::optional<checkpoint::Difference> state;
  records.straight = &runner.run(recipe.straight, name + ", straight");
  if (is_ok(records.straight)) {
    records.saved = &runner.run(recipe.saved, name + ", saved");
    row.save_time_ns = records.saved->value("checkpoint_save_time");
    row.checkpoint_bytes = records.saved->value("checkpoint_bytes");
  }
  if (is_ok(records.saved)) {
    recipe.resumed.resume_from = runner.checkpoint(recipe.saved, recipe.steps_before).string();
    records.resumed = &runner.run(recipe.resumed, name + ", resumed");
    row.load_time_ns = records.resumed->value("checkpoint_load_time");
  }
  std::string unreadable;
  if (is_ok(records.resumed)) {
    try {
      state = compare_states(runner.checkpoint(recipe.resumed, recipe.num_steps()),
                             runner.checkpoint(recipe.straight, recipe.num_steps()));
    } catch (const Error& error) {
      unreadable = error.what();
    }
  }
  row.check = check_resumption(recipe, records, state);
  if (!unreadable.empty()) row.check.failure = unreadable;
  return row;
}

int count_runs(const std::vector<ResumeRecipe>& recipes) {
  std::set<std::string> shared;
  for (const ResumeRecipe& recipe : recipes) {
    shared.insert(recipe.straight.id());
    shared.insert(recipe.saved.id());
  }
  return static_cast<int>(shared.size() + recipes.size());
}

}  // namespace

int run_command(const VerifyResumeOptions& options) {
  const std::vector<CellConfig> cells =
      cells_to_resume(select_scenarios(options.selection), options.selection);
  std::vector<ResumeRecipe> recipes;
  for (const CellConfig& cell : cells) {
    recipes.push_back(make_resume_recipe(cell, options.steps_before));
  }
  const fs::path path = results_path(options.out, options.selection.file, "-verify");
  Runner runner(path, options, count_runs(recipes));
  const ResultsFolder folder(path);
  launch::handle_interrupts();

  const auto axes = varying_axes(cells);
  std::vector<ResumeRow> rows;
  try {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      rows.push_back(verify(cells[i], recipes[i], describe(cells[i], axes), runner));
    }
  } catch (const Interrupted&) {
    std::cerr << "moebench: interrupted; run again to verify from the start\n";
    return kExitInterrupted;
  }
  std::cout << resume_report(rows);
  const bool all_pass =
      std::ranges::all_of(rows, [](const ResumeRow& row) { return row.check.failure.empty(); });
  return all_pass ? kExitOk : kExitCellFailed;
}

}  // namespace moebench::cli
