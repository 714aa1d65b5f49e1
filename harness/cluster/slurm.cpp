#include "harness/cluster/slurm.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/printable.h"
#include "harness/base/words.h"
#include "harness/launch/command_output.h"
#include "harness/launch/programs.h"

namespace moebench::cluster {
namespace {

constexpr double kCommandS = 120;  // a busy controller answers late
constexpr std::size_t kShown = 400;

// By which words a job waits and runs; all others say how it has ended.
constexpr std::array<std::string_view, 7> kQueued = {
    "PENDING",       "REQUEUED",     "REQUEUE_FED", "REQUEUE_HOLD",
    "RESV_DEL_HOLD", "SPECIAL_EXIT", "SUSPENDED"};
constexpr std::array<std::string_view, 7> kRunning = {
    "RUNNING", "CONFIGURING", "COMPLETING", "SIGNALING", "STAGE_OUT", "RESIZING", "STOPPED"};

JobPhase phase_of(std::string_view word) {
  if (std::ranges::count(kQueued, word) > 0) return JobPhase::kQueued;
  if (std::ranges::count(kRunning, word) > 0) return JobPhase::kRunning;
  return JobPhase::kEnded;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '|');) fields.push_back(field);
  return fields;
}

// The indices of "12_3" and "12_[0-2,7%4]", -1 of "12"; none of what is no job.
std::vector<int> indices_of(const std::string& id) {
  const std::size_t begin = id.find('_');
  if (begin == std::string::npos) {
    return id.find_first_not_of("0123456789") == std::string::npos && !id.empty()
               ? std::vector{-1}
               : std::vector<int>();
  }
  std::string text = id.substr(begin + 1);
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  std::istringstream ranges(text.substr(0, text.find('%')));
  std::vector<int> indices;
  for (std::string range; std::getline(ranges, range, ',');) {
    const auto first = parse_leading_number<int>(range);
    if (!first) return {};
    const auto last = first->second.starts_with('-') ? parse_number<int>(first->second.substr(1))
                                                     : std::optional(first->first);
    for (int i = first->first; last && i <= *last; ++i) indices.push_back(i);
  }
  return indices;
}

bool is_nothing(const std::string& field) {
  return field == "None" || field == "(null)" || field == "None assigned";
}

// "Why it failed", of a program's stderr.
std::string said(const launch::CommandOutput& output) {
  std::string text = printable(output.err.empty() ? output.out : output.err);
  while (text.ends_with(' ')) text.pop_back();  // of a line break
  return output.timed_out ? fmt::format("no answer within {} s", kCommandS)
                          : shortened(text, kShown);
}

}  // namespace

std::string submit(const std::filesystem::path& script) {
  if (!launch::is_in_path("sbatch")) {
    throw Error("sbatch is not in PATH; submit where Slurm's commands are: sbatch {}",
                script.string());
  }
  const auto output = launch::command_output({"sbatch", "--parsable", script.string()}, kCommandS);
  const auto job = parse_leading_number<std::int64_t>(output.out);  // "12" or "12;cluster"
  if (output.exit_code != 0 || output.timed_out || !job) {
    throw Error("sbatch did not take '{}': {}", script.string(), said(output));
  }
  return std::to_string(job->first);
}

JobAnswer ask_job(const std::string& job) {
  JobAnswer answer;
  const auto ask = [&](const std::vector<std::string>& command) {
    if (!launch::is_in_path(command.front())) return;
    const auto output = launch::command_output(command, kCommandS);
    answer.tasks = parse_tasks(output.out);
    // How squeue says that a job ended long ago.
    const bool is_forgotten = output.err.find("Invalid job id") != std::string::npos;
    if (output.exit_code == 0 || is_forgotten) {
      answer.kind = answer.tasks.empty() ? JobAnswer::Kind::kForgotten : JobAnswer::Kind::kKnown;
    } else if (answer.kind != JobAnswer::Kind::kForgotten) {
      answer.kind = JobAnswer::Kind::kNoAnswer;
      answer.complaint = fmt::format("{}: {}", command.front(), said(output));
    }
  };
  ask({"squeue", "--noheader", "--array", "--states=all", "--format=%i|%T|%r|%N|%M",
       "--jobs=" + job});
  if (answer.kind == JobAnswer::Kind::kKnown || answer.kind == JobAnswer::Kind::kNoAnswer) {
    return answer;
  }
  ask({"sacct", "--noheader", "--parsable2", "--allocations",
       "--format=JobID,State,Reason,NodeList,Elapsed", "--jobs=" + job});
  return answer;
}

std::vector<TaskState> parse_tasks(std::string_view lines) {
  std::vector<TaskState> tasks;
  std::istringstream in{std::string(lines)};
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> fields = fields_of(line);
    fields.resize(5);
    for (std::string& field : fields) {
      if (is_nothing(field)) field.clear();
    }
    const std::string word = fields[1].substr(0, fields[1].find(' '));  // "CANCELLED by 1000"
    if (word.empty()) continue;
    for (const int index : indices_of(fields[0])) {
      tasks.push_back({index, phase_of(word), word, fields[2], fields[3], fields[4]});
    }
  }
  std::ranges::stable_sort(tasks, {}, &TaskState::index);
  return tasks;
}

}  // namespace moebench::cluster
