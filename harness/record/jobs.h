#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace moebench::record {

// A cell of a matrix that was handed to a batch system.
struct SubmittedCell {
  std::string id;
  std::string name;     // for people: "parallelism=ep seq_len=64"
  int repetitions = 0;  // that it is to have; the fewest with `repeats: auto`
  int pending = 0;      // that it lacked when the job was submitted

  bool operator==(const SubmittedCell&) const = default;
};

// A task of an array of jobs, or a job that is none.
struct SubmittedTask {
  int index = -1;  // in the array; -1: it is none
  std::vector<std::string> cells = {};

  bool operator==(const SubmittedTask&) const = default;
};

// A job that a results folder was submitted as: a line of its jobs.jsonl.
struct Submission {
  std::string job = {};           // the batch system's number
  std::string submitted_at = {};  // UTC, ISO 8601
  std::vector<SubmittedTask> tasks = {};
  std::vector<SubmittedCell> cells = {};  // of the whole matrix, those that were complete too

  bool operator==(const Submission&) const = default;
};

// In the order in which they were submitted; none where the folder has no jobs.jsonl. Error names
// file, line, member and remedy.
std::vector<Submission> load_submissions(const std::filesystem::path& results_folder);
void append_submission(const std::filesystem::path& results_folder, const Submission& submission);

}  // namespace moebench::record
