#include "harness/session/verify_resume.h"

#include <map>
#include <ostream>
#include <set>

#include "harness/base/error.h"
#include "harness/checkpoint/difference.h"
#include "harness/checkpoint/folder.h"
#include "harness/config/resumption.h"
#include "harness/launch/process.h"
#include "harness/launch/progress_watch.h"
#include "harness/launch/run_cell.h"
#include "harness/launch/worker.h"
#include "harness/session/plan.h"
#include "harness/session/preflight.h"
#include "harness/session/results_folder.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;
using config::CellConfig;
using record::CellRecord;

struct Interrupted {};

// Runs cells once each and keeps their records; rows may share their straight and saved runs.
class ResumeRunner {
 public:
  ResumeRunner(const ResumeSession& session, std::ostream& out, int num_runs)
      : command_line_(session.command_line),
        display_(out, num_runs,
                 {.is_terminal = session.is_terminal, .verbosity = session.verbosity}) {
    options_.results_folder = session.folder;
    options_.worker = launch::find_worker();
    options_.launcher = session.launcher;
    options_.place = launch::read_launch_place(session.launcher);
    options_.links = launch::find_links(session.launcher);
    options_.machine = machine::read_machine_facts();
    options_.gemm_rate_is_known = true;  // nobody asks how fast these runs are
    display_.follow(options_);
  }

  // Throws Interrupted.
  const CellRecord& run(const CellConfig& cell, const std::string& name) {
    const auto found = records_.find(cell.id());
    if (found != records_.end()) return found->second;
    display_.start_run(name);
    auto record = launch::run_cell(cell, 0, options_);
    if (!record) {
      display_.end_run("interrupted");
      throw Interrupted();
    }
    display_.end_run(*record);
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

// The runs of one row, as far as they succeed.
ResumeRow verify(const CellConfig& cell, ResumeRecipe recipe, const std::string& name,
                 ResumeRunner& runner) {
  ResumeRow row{cell, recipe, {}, {}, {}, {}};
  ResumeRecords records;
  ResumeStates states;
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
  if (is_ok(records.resumed) && recipe.is_rearranged()) {
    recipe.perturbed.resume_from = recipe.resumed.resume_from;
    records.perturbed = &runner.run(recipe.perturbed, name + ", one rounding aside");
  }
  std::string unreadable;
  if (is_ok(records.resumed)) {
    const fs::path straight = runner.checkpoint(recipe.straight, recipe.num_steps());
    const auto state_of = [&](const CellConfig& run) {
      return compare_states(runner.checkpoint(run, recipe.num_steps()), straight);
    };
    try {
      states.resumed = state_of(recipe.resumed);
      if (is_ok(records.perturbed)) states.perturbed = state_of(recipe.perturbed);
    } catch (const Error& error) {
      unreadable = error.what();
    }
  }
  row.check = check_resumption(recipe, records, states);
  if (!unreadable.empty()) row.check.failure = unreadable;
  return row;
}

int count_runs(const std::vector<ResumeRecipe>& recipes) {
  std::set<std::string> shared;
  for (const ResumeRecipe& recipe : recipes) {
    shared.insert(recipe.straight.id());
    shared.insert(recipe.saved.id());
    if (recipe.is_rearranged()) shared.insert(recipe.perturbed.id());
  }
  return static_cast<int>(shared.size() + recipes.size());
}

}  // namespace

std::optional<std::vector<ResumeRow>> verify_resume(const ResumeSession& session) {
  std::vector<ResumeRecipe> recipes;
  for (const CellConfig& cell : session.cells) {
    recipes.push_back(make_resume_recipe(cell, session.steps_before));
  }
  std::ostream& notes = launch::notes(session.progress, session.verbosity);
  Problems problems;
  problems.collect([] { launch::find_worker(); });
  check_before_start(session.cells,
                     {.folder = session.folder,
                      .launcher = session.launcher,
                      .place = launch::read_launch_place(session.launcher),
                      .capacity = read_capacity(session.cells),
                      .force = session.force},
                     notes, problems);
  problems.throw_if_any();
  const ResultsFolder folder(session.folder);
  ResumeRunner runner(session, session.progress == nullptr ? notes : *session.progress,
                      count_runs(recipes));
  notes << launch::progress_limit_note(session.cells) << '\n';
  launch::handle_interrupts();

  const auto axes = varying_axes(session.cells);
  std::vector<ResumeRow> rows;
  try {
    for (std::size_t i = 0; i < recipes.size(); ++i) {
      const CellConfig& cell = session.cells[i];
      rows.push_back(verify(cell, recipes[i], describe(cell, axes), runner));
    }
  } catch (const Interrupted&) {
    return std::nullopt;
  }
  return rows;
}

}  // namespace moebench::session
