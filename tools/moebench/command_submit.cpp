#include <algorithm>
#include <iostream>
#include <set>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/suite_files.h"
#include "harness/base/system_error.h"
#include "harness/base/utc_time.h"
#include "harness/base/words.h"
#include "harness/cluster/job_shape.h"
#include "harness/cluster/job_time.h"
#include "harness/cluster/kubernetes.h"
#include "harness/cluster/sbatch_script.h"
#include "harness/cluster/slurm.h"
#include "harness/config/shipped.h"
#include "harness/launch/shell_words.h"
#include "harness/record/jobs.h"
#include "harness/session/groups.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"
#include "tools/moebench/run_words.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

// What a job is to do: the matrix, and of it what the folder lacks.
struct Work {
  session::CellSession session;
  std::vector<session::PlannedRun> plan = {};
  std::vector<session::PlannedRun> pending = {};
  session::EarlierTimes times{""};
};

Work work_of(const RunArguments& options) {
  Work work = {.session = cell_session(options)};
  const session::Records records = session::load_records(work.session.folder);
  const session::ProgramOf program_of = session::programs_if_there();
  work.plan = session::make_plan(session::wanted_cells(work.session, records, program_of),
                                 session::Order::kListed, 0);
  work.pending =
      session::find_pending(work.plan, records, program_of, work.session.keep_other_builds).runs;
  work.times = session::EarlierTimes(work.session.folder);
  for (const auto& [key, record] : records) work.times.add(record);
  return work;
}

// The tasks of the job, those with nothing to do left out, and what each runs.
struct Task {
  record::SubmittedTask task = {};
  std::vector<session::PlannedRun> runs = {};
};

Task task_of(const Work& work, int index, const std::vector<config::CellConfig>& cells) {
  Task task = {.task = {.index = index}};
  for (const config::CellConfig& cell : cells) {
    const std::string id = cell.id();
    const std::size_t before = task.runs.size();
    std::ranges::copy_if(work.pending, std::back_inserter(task.runs),
                         [&](const session::PlannedRun& run) { return run.id() == id; });
    if (task.runs.size() > before) task.task.cells.push_back(id);
  }
  return task;
}

std::vector<Task> tasks_of(const Work& work, const SubmitArguments& options) {
  if (!options.is_array && !options.groups) return {task_of(work, -1, work.session.cells)};
  const auto groups = session::part_cells(work.session.cells, options.groups);
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    Task task = task_of(work, static_cast<int>(i), groups[i]);
    if (!task.runs.empty()) tasks.push_back(std::move(task));
  }
  return tasks;
}

std::vector<config::CellConfig> pending_cells(const Work& work) {
  std::vector<config::CellConfig> cells;
  std::set<std::string> ids;
  for (const session::PlannedRun& run : work.pending) {
    if (ids.insert(run.id()).second) cells.push_back(run.cell);
  }
  return cells;
}

// Where the job's command is started nobody knows, so its paths are absolute.
std::vector<std::string> job_command(const SubmitArguments& options, const fs::path& folder) {
  RunArguments run = options.run;
  run.selection.file = fs::absolute(config::find_scenario(run.selection.file)).string();
  run.out = folder.string();
  if (run.launcher.name == LauncherOptions().name) run.launcher.name = "slurm";
  std::vector<std::string> words = run_words(run);
  words.insert(words.begin(), own_program().string());
  return words;
}

cluster::SbatchJob job_of(const SubmitArguments& options, const Work& work,
                          const std::vector<Task>& tasks) {
  const fs::path folder = fs::absolute(work.session.folder).lexically_normal();
  const fs::path file = options.run.selection.file;
  cluster::SbatchJob job = {
      .name = "moebench-" + file.stem().string(),
      .remark = fmt::format("Written by moebench submit: {} of {}, {} to run.",
                            counted(pending_cells(work).size(), "cell"), file.filename().string(),
                            counted(work.pending.size(), "repetition")),
      .shape = cluster::job_shape(pending_cells(work), options.nodes),
      .time = options.time,
      .partition = options.partition,
      .account = options.account,
      .more = options.sbatch_options,
      .folder = folder,
      .command = job_command(options, folder)};
  if (job.time.empty()) {
    double seconds = 0;
    for (const Task& task : tasks) {
      seconds = std::max(seconds, cluster::job_seconds(task.runs, work.times));
    }
    job.time = cluster::slurm_time(seconds);
  }
  if (!options.is_array && !options.groups) return job;
  job.array.emplace();
  job.array->groups =
      static_cast<int>(session::part_cells(work.session.cells, options.groups).size());
  for (const Task& task : tasks) job.array->tasks.push_back(task.task.index);
  return job;
}

record::Submission submission_of(const Work& work, const std::vector<Task>& tasks) {
  record::Submission submission = {.submitted_at = utc_now()};
  for (const Task& task : tasks) submission.tasks.push_back(task.task);
  const auto axes = session::varying_axes(work.session.cells);
  for (const config::CellConfig& cell : work.session.cells) {
    const std::string id = cell.id();
    const auto is_of = [&](const session::PlannedRun& run) { return run.id() == id; };
    submission.cells.push_back(
        {.id = id,
         .name = session::describe(cell, axes),
         .repetitions = static_cast<int>(std::ranges::count_if(work.plan, is_of)),
         .pending = static_cast<int>(std::ranges::count_if(work.pending, is_of))});
  }
  return submission;
}

// Two jobs would run the same cells, and get in each other's way.
void check_none_goes_on(const fs::path& folder) {
  for (const record::Submission& submission : record::load_submissions(folder)) {
    const cluster::JobAnswer answer = cluster::ask_job(submission.job);
    const bool goes_on = std::ranges::any_of(answer.tasks, [](const cluster::TaskState& task) {
      return task.phase != cluster::JobPhase::kEnded;
    });
    if (!goes_on) continue;
    throw Error(
        "job {} of '{}' is still queued or runs; wait for its end (moebench status {} "
        "--wait), or end it: scancel {}",
        submission.job, folder.string(), folder.string(), submission.job);
  }
}

// Writes the script, hands it over and notes the job.
std::string hand_over(const std::string& script, const fs::path& folder,
                      record::Submission submission) {
  // Not held: the job may begin before this one ends.
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_errno(error.value(), "cannot make the folder '" + folder.string() + "'");
  const fs::path path = folder / "submit.sh";
  write_file_atomically(path, script);
  submission.job = cluster::submit(path);
  record::append_submission(folder, submission);
  return submission.job;
}

// What lies where in a pod is for its image and its volume to say: a file of the user's is taken to
// be at the same path as here.
int print_manifest(const SubmitArguments& options, bool is_jobset) {
  if (options.image.empty()) {
    throw Error("--format {} needs --image, the container that moebench is in", options.format);
  }
  if (!is_jobset && !options.claim.empty()) {
    throw Error(
        "--claim is a JobSet's; the volume that a TrainJob's pods share is mounted by its "
        "--runtime, at --mount");
  }
  RunArguments run = options.run;
  const auto shape = cluster::job_shape(cell_session(run).cells, options.nodes);
  const fs::path file = run.selection.file;
  if (fs::exists(file)) run.selection.file = fs::absolute(file).lexically_normal().string();
  if (run.out.empty()) run.out = (fs::path(options.mount) / file.stem()).string();
  run.launcher.name = "env";
  std::vector<std::string> command = run_words(run);
  command.insert(command.begin(), "moebench");
  const cluster::PodJob job = {.name = cluster::pod_name(file.stem().string()),
                               .image = options.image,
                               .name_space = options.name_space,
                               .queue = options.queue,
                               .shape = shape,
                               .command = std::move(command),
                               .claim = options.claim,
                               .mount = options.mount,
                               .runtime = options.runtime};
  print_text(is_jobset ? cluster::jobset_manifest(job) : cluster::trainjob_manifest(job));
  if (is_jobset && options.claim.empty()) {
    std::cerr << "note: without --claim the results are gone with the pods\n";
  }
  return kExitOk;
}

int submit_to_slurm(const SubmitArguments& options) {
  const Work work = work_of(options.run);
  const fs::path& folder = work.session.folder;
  if (work.pending.empty()) {
    print_text(fmt::format("nothing to do: all {} in '{}' are ok\n",
                           counted(work.plan.size(), "repetition"), folder.string()));
    return kExitOk;
  }
  const std::vector<Task> tasks = tasks_of(work, options);
  const cluster::SbatchJob job = job_of(options, work, tasks);
  const std::string script = cluster::sbatch_script(job);
  if (options.dry_run) {
    print_text(script);
    return kExitOk;
  }
  check_none_goes_on(folder);
  const std::string id = hand_over(script, folder, submission_of(work, tasks));
  print_text(fmt::format("job {}: {}, {} of {} x {} ranks, at most {} each\n", id,
                         counted(work.pending.size(), "repetition"), counted(tasks.size(), "task"),
                         counted(job.shape.nodes, "node"), job.shape.ranks_per_node, job.time));
  if (options.wait) return run_command(StatusArguments{.folder = folder.string(), .wait = true});
  print_text(
      fmt::format("follow it: {}\n",
                  launch::joined_shell_words({"moebench", "status", folder.string(), "--wait"})));
  return kExitOk;
}

}  // namespace

int run_command(const SubmitArguments& options) {
  switch (parse_name<SubmitFormat>(options.format, "format")) {
    case SubmitFormat::kSlurm:
      return submit_to_slurm(options);
    case SubmitFormat::kJobset:
      return print_manifest(options, true);
    case SubmitFormat::kTrainjob:
      return print_manifest(options, false);
  }
  MOEBENCH_CHECK(!"a format outside its enumeration");
}

}  // namespace moebench::cli
