#include "harness/cluster/sbatch_script.h"

#include <cmath>

#include "harness/base/error.h"
#include "harness/base/words.h"
#include "harness/launch/shell_words.h"

namespace moebench::cluster {
namespace {

void check_option(const std::string& option) {
  const std::string name = option.substr(0, option.find_first_of("= "));
  if (!option.starts_with('-') || option.find('\n') != std::string::npos) {
    throw Error("--sbatch-option: '{}' is no option of sbatch; write --sbatch-option=--mem=0",
                shortened(option));
  }
  if (name == "--array" || name.starts_with("-a") || name == "--output" || name.starts_with("-o")) {
    throw Error("--sbatch-option: {} is set by moebench, which reads what it says; leave it out",
                name);
  }
}

// sbatch replaces %j and the like in the name.
std::string in_pattern(const std::string& path) {
  std::string text;
  for (const char c : path) text += c == '%' ? std::string("%%") : std::string(1, c);
  return text;
}

}  // namespace

std::string sbatch_script(const SbatchJob& job) {
  std::string script = fmt::format("#!/bin/bash\n# {}\n", job.remark);
  const auto add = [&](const std::string& option) { script += "#SBATCH " + option + "\n"; };
  const auto set = [&](const char* option, const std::string& value) {
    if (!value.empty()) {
      add(launch::joined_shell_words({fmt::format("--{}={}", option, value)}));
    }
  };
  set("job-name", job.name);
  set("nodes", std::to_string(job.shape.nodes));
  set("ntasks-per-node", std::to_string(job.shape.ranks_per_node));
  set("cpus-per-task", std::to_string(job.shape.threads_per_rank));
  if (job.shape.gpus_per_node > 0) set("gpus-per-node", std::to_string(job.shape.gpus_per_node));
  set("time", job.time);
  set("partition", job.partition);
  set("account", job.account);
  const char* const log = job.array ? "slurm-%A_%a.out" : "slurm-%j.out";
  set("output", in_pattern(job.folder.string()) + "/" + log);
  set("open-mode", "append");
  add("--requeue");
  if (job.array) set("array", array_ranges(job.array->tasks));
  for (const std::string& option : job.more) {
    check_option(option);
    add(option);
  }
  script += "\nexec " + launch::joined_shell_words(job.command);
  if (job.array) script += fmt::format(" --group \"$SLURM_ARRAY_TASK_ID/{}\"", job.array->groups);
  return script + "\n";
}

std::string slurm_time(double seconds) {
  const auto minutes = static_cast<std::int64_t>(std::ceil(seconds / 60));
  const std::string clock = fmt::format("{:02}:{:02}:00", minutes / 60 % 24, minutes % 60);
  return minutes < 24 * 60 ? clock : fmt::format("{}-{}", minutes / (24 * 60), clock);
}

std::string array_ranges(const std::vector<int>& tasks) {
  std::string text;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::size_t first = i;
    while (i + 1 < tasks.size() && tasks[i + 1] == tasks[i] + 1) ++i;
    if (!text.empty()) text += ",";
    text += fmt::to_string(tasks[first]);
    if (i > first) text += fmt::format("-{}", tasks[i]);
  }
  return text;
}

}  // namespace moebench::cluster
