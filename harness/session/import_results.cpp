#include "harness/session/import_results.h"

#include <fmt/format.h>

#include <map>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/utc_time.h"
#include "harness/imports/importer.h"
#include "harness/session/results_folder.h"

namespace moebench::session {
namespace {

// Follows which repetition of each cell is the next.
class RepetitionNumbers {
 public:
  explicit RepetitionNumbers(const std::vector<record::CellRecord>& records) {
    for (const record::CellRecord& record : records) note(record.id, record.repetition);
  }
  int take(const std::string& id) {
    const int repetition = next_[id];
    note(id, repetition);
    return repetition;
  }

 private:
  void note(const std::string& id, int repetition) {
    next_[id] = std::max(next_[id], repetition + 1);
  }
  std::map<std::string, int> next_;
};

// The same file twice would pass for two measurements.
void refuse_known(const std::vector<record::CellRecord>& records, const Import& import,
                  const std::string& hash) {
  for (const record::CellRecord& record : records) {
    if (record::fact(record.environment, "import_hash") != hash) continue;
    throw Error("'{}' was imported into '{}' before, as '{}'; its results are there",
                import.file.string(), import.folder.string(),
                record::fact(record.environment, "import_file"));
  }
}

std::string id_of(const Import& import, const imports::ImportedRun& run) {
  std::string identity = "imported\n" + import.format + "\n" + import.scenario;
  for (const auto& [name, value] : run.record.axes) identity += "\n" + name + "=" + value;
  return hash_hex(identity + "\n" + run.conditions);
}

}  // namespace

ImportOutcome import_results(const Import& import) {
  const imports::ImporterInfo& importer = imports::find_importer(import.format);
  const std::string text = read_file(import.file);
  imports::Imported imported = importer.read(text, import.file.string());
  if (imported.runs.empty()) {
    throw Error("{}: tells of no run; there is nothing to import", import.file.string());
  }
  const std::string hash = hash_hex(text, 16), now = utc_now();
  const std::string path = std::filesystem::absolute(import.file).lexically_normal().string();
  const ResultsFolder folder(import.folder);
  const auto known = record::load(folder.path());
  refuse_known(known, import, hash);
  RepetitionNumbers repetitions(known);
  ImportOutcome outcome{.records = {}, .remarks = std::move(imported.remarks)};
  for (imports::ImportedRun& run : imported.runs) {
    record::CellRecord& record = run.record;
    record.id = id_of(import, run);
    record.scenario = import.scenario;
    record.repetition = repetitions.take(record.id);
    record.started_at = now;
    record.environment["imported"] = import.format;
    record.environment["import_file"] = path;
    record.environment["import_hash"] = hash;
    record.environment["import_place"] = run.place;
    record.environment["command_line"] = import.command_line;
    outcome.records.push_back(std::move(record));
  }
  record::append_all(folder.path(), outcome.records);
  return outcome;
}

}  // namespace moebench::session
