#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "harness/base/error.h"
#include "harness/cluster/matrix_status.h"
#include "harness/record/jobs.h"
#include "harness/session/cell_session.h"
#include "reports/write/document.h"
#include "reports/write/table.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

using cluster::CellState;
using cluster::MatrixStatus;
using Clock = std::chrono::steady_clock;

constexpr double kLeastPauseS = 1;
constexpr double kMostPauseS = 30;    // a controller has other users
constexpr double kPauseShare = 0.05;  // of the time waited so far, by which an end is noticed late
constexpr double kPatienceS = 1800;   // with a controller that does not answer

MatrixStatus read_status(const std::string& folder) {
  const auto submissions = record::load_submissions(folder);
  if (submissions.empty()) {
    throw Error("'{}' was not submitted: it has no jobs.jsonl; see moebench submit", folder);
  }
  std::vector<record::CellRecord> records;
  for (auto& [key, record] : session::load_records(folder)) records.push_back(record);
  return cluster::matrix_status(folder, submissions, records, cluster::ask_job);
}

// "3 done, 1 running, 4 queued"
std::string counts_text(const MatrixStatus& status) {
  std::string text;
  for (const CellState state : {CellState::kDone, CellState::kRunning, CellState::kQueued,
                                CellState::kFailed, CellState::kMissing, CellState::kUnknown}) {
    const auto count = std::ranges::count(status.cells, state, &cluster::CellStatus::state);
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(state));
  }
  return text;
}

reports::Table cell_table(const MatrixStatus& status) {
  reports::Table table = {reports::key_column("cell"),    reports::key_column("id"),
                          reports::words_column("state"), reports::words_column("ok"),
                          reports::words_column("job"),   reports::words_column("note")};
  for (const cluster::CellStatus& cell : status.cells) {
    reports::add_row(
        table, {cell.cell.name, cell.cell.id, to_string(cell.state),
                fmt::format("{} of {}", cell.num_ok, cell.cell.repetitions), cell.job, cell.note});
  }
  return table;
}

reports::Table job_table(const MatrixStatus& status) {
  reports::Table table = {reports::key_column("job"),     reports::words_column("state"),
                          reports::words_column("why"),   reports::words_column("nodes"),
                          reports::words_column("since"), reports::words_column("cells")};
  for (const cluster::JobStatus& job : status.jobs) {
    reports::add_row(table, {job.job, job.task.word, job.task.reason, job.task.nodes,
                             job.task.elapsed, fmt::to_string(job.num_cells)});
  }
  return table;
}

reports::Document status_document(const MatrixStatus& status) {
  reports::Document document;
  reports::add_paragraph(document, fmt::format("{} of {} cells: {}",
                                               std::ranges::count(status.cells, CellState::kDone,
                                                                  &cluster::CellStatus::state),
                                               status.cells.size(), counts_text(status)));
  reports::add_table(document, cell_table(status));
  if (!status.jobs.empty()) reports::add_table(document, job_table(status));
  for (const std::string& note : status.notes) reports::add_paragraph(document, "note: " + note);
  return document;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Says on stderr what changes.
MatrixStatus follow(const std::string& folder) {
  const auto start = Clock::now();
  auto last_answer = start;
  std::string said;
  while (true) {
    MatrixStatus status = read_status(folder);
    const std::string counts = counts_text(status);
    if (counts != said) std::cerr << counts << '\n';
    said = counts;
    if (status.is_over()) return status;
    if (status.is_known()) {
      last_answer = Clock::now();
    } else if (status.answer == cluster::JobAnswer::Kind::kNobody ||
               seconds_since(last_answer) > kPatienceS) {
      throw Error("cannot follow: {}", status.notes.front());
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(
        std::clamp(kPauseShare * seconds_since(start), kLeastPauseS, kMostPauseS)));
  }
}

}  // namespace

int run_command(const StatusArguments& options) {
  const MatrixStatus status = options.wait ? follow(options.folder) : read_status(options.folder);
  const int verdict = status.is_complete() || !status.is_over() ? kExitOk : kExitCellFailed;
  return write_outputs(
      verdict, {[&] { print_document(status_document(status), output_format(options.format)); }});
}

}  // namespace moebench::cli
