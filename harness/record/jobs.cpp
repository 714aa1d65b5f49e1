#include "harness/record/jobs.h"

#include <sstream>

#include "harness/base/file.h"
#include "harness/record/json_reader.h"

namespace moebench::record {
namespace {

constexpr const char* kJobsRemedy =
    "remove that line: the results stay, and the job's state is asked "
    "of the batch system's own commands";

std::filesystem::path jobs_path(const std::filesystem::path& folder) {
  return folder / "jobs.jsonl";
}

Json to_json_value(const SubmittedTask& task) {
  Json json = {{"cells", task.cells}};
  if (task.index >= 0) json["index"] = task.index;
  return json;
}

SubmittedTask parse_task(ObjectReader reader) {
  SubmittedTask task;
  if (reader.find("index") != nullptr) task.index = reader.integer("index");
  task.cells = reader.texts("cells");
  return task;
}

Json to_json_value(const SubmittedCell& cell) {
  return {{"id", cell.id},
          {"name", cell.name},
          {"repetitions", cell.repetitions},
          {"pending", cell.pending}};
}

SubmittedCell parse_submitted(ObjectReader reader) {
  return {reader.text("id"), reader.text("name"), reader.integer("repetitions"),
          reader.integer("pending")};
}

Submission parse_submission(std::string_view text, const std::string& origin) {
  const Json json = parse_text(text, origin, kJobsRemedy);
  ObjectReader reader(json, origin, kJobsRemedy);
  read_schema_minor(reader);
  Submission submission = {.job = reader.text("job"), .submitted_at = reader.text("submitted_at")};
  for (ObjectReader& task : reader.objects("tasks")) submission.tasks.push_back(parse_task(task));
  for (ObjectReader& cell : reader.objects("cells")) {
    submission.cells.push_back(parse_submitted(cell));
  }
  return submission;
}

}  // namespace

std::vector<Submission> load_submissions(const std::filesystem::path& results_folder) {
  std::vector<Submission> submissions;
  const auto path = jobs_path(results_folder);
  if (!std::filesystem::exists(path)) return submissions;
  std::istringstream lines(read_file(path));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    submissions.push_back(parse_submission(line, fmt::format("{}:{}", path.string(), number)));
  }
  return submissions;
}

void append_submission(const std::filesystem::path& results_folder, const Submission& submission) {
  Json json = {{"schema_version", kSchemaVersion},
               {"schema_minor", kSchemaMinor},
               {"job", submission.job},
               {"submitted_at", submission.submitted_at},
               {"tasks", Json::array()},
               {"cells", Json::array()}};
  for (const SubmittedTask& task : submission.tasks) json["tasks"].push_back(to_json_value(task));
  for (const SubmittedCell& cell : submission.cells) json["cells"].push_back(to_json_value(cell));
  append_line(jobs_path(results_folder), dump(json));
}

}  // namespace moebench::record
