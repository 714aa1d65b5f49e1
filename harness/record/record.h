#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/names.h"
#include "harness/record/environment.h"
#include "harness/record/headlines.h"

namespace moebench::record {

// These version all JSON that this module writes: schema.md says what raises which number. Files
// from before minor numbers have none, which counts as 0.
inline constexpr int kSchemaVersion = 1;
inline constexpr int kSchemaMinor = 5;

// Members of a JSON object that this version does not know, each with its value as JSON text. They
// are written back as they were read, so that a newer program's results survive an older one.
using UnknownMembers = std::map<std::string, std::string>;

enum class Disposition { kOk, kIncorrect, kOutOfMemory, kTimedOut, kCrashed, kUnsupported };
constexpr auto names_of(Disposition) {
  return name_table<Disposition>({{Disposition::kOk, "ok"},
                                  {Disposition::kIncorrect, "incorrect"},
                                  {Disposition::kOutOfMemory, "out_of_memory"},
                                  {Disposition::kTimedOut, "timed_out"},
                                  {Disposition::kCrashed, "crashed"},
                                  {Disposition::kUnsupported, "unsupported"}});
}
using moebench::to_string;

// A number that was not measured is nullopt (JSON null), never 0. Units are base units: "ns",
// "bytes", "tokens", "tokens/s", "rows", "1" for a plain number.
struct Metric {
  std::string unit;
  std::optional<double> value{};                  // the headline number
  std::vector<std::optional<double>> per_rank{};  // index = rank; empty where it has no meaning
  std::vector<double> samples{};                  // raw, in the order measured
  std::vector<std::int64_t> shape{};              // of `samples` where it is a matrix, row-major
  UnknownMembers unknown{};

  bool operator==(const Metric&) const = default;
};

using Metrics = std::map<std::string, Metric, std::less<>>;

// Holds what one rank writes to rank_<r>.json. Per-rank metrics carry `value` or `samples` only.
struct RankResult {
  int rank = 0;
  int world_size = 1;
  Disposition disposition = Disposition::kOk;
  std::string message;
  Metrics metrics;
  Environment environment;
};

enum class Arm { kBase, kCandidate };
constexpr auto names_of(Arm) {
  return name_table<Arm>({{Arm::kBase, "base"}, {Arm::kCandidate, "candidate"}});
}

// Says where a repetition stands in a session of pairs (session.h).
struct PairPlace {
  std::string cell;  // id of the base's cell: it and the index name the pair
  int index = 0;
  Arm arm = Arm::kBase;
  int order = 0;  // 0: ran first of its pair, 1: second
  UnknownMembers unknown{};

  bool operator==(const PairPlace&) const = default;
};

// Says that a cell is known to fail: the failure is shown, and not held against the run.
struct KnownFailure {
  std::string reason;
  std::string until;  // last day on which it is, YYYY-MM-DD; empty: no end
  UnknownMembers unknown{};

  bool operator==(const KnownFailure&) const = default;
  // Tells whether the failure is known on `today`, YYYY-MM-DD.
  bool is_active(std::string_view today) const { return until.empty() || today <= until; }
};

// A scenario that has a cell.
struct ScenarioPlace {
  std::string name;
  std::string file;  // path of the scenario file, absolute
  // Axis values of the cells that its others are compared with,
  // "parallelism=fsdp,expert_kernel=grouped"; empty: nobody named them.
  std::string baseline{};
  UnknownMembers unknown{};

  bool operator==(const ScenarioPlace&) const = default;
};

// Says where a record stands in a file of which a part is kept in memory (load_excerpts).
struct Line {
  std::shared_ptr<const std::filesystem::path> file;  // null: all of the record is kept
  std::uint64_t offset = 0;
  std::uint64_t size = 0;    // bytes, without the line break
  std::uint64_t number = 0;  // from 1
};

// Describes one repetition of one cell: a line of results.jsonl.
struct CellRecord {
  std::string id;
  std::string scenario;
  std::string workload;  // what is computed, however it is done: see CellConfig::workload()
  std::vector<std::pair<std::string, std::string>> axes;  // in printing order
  int repetition = 0;
  Disposition disposition = Disposition::kOk;
  std::string message;      // why it is not ok; empty otherwise
  std::string stderr_tail;  // last lines, when not ok
  Metrics metrics;
  Environment environment;
  std::vector<std::string> warnings;
  std::string started_at;                     // UTC, ISO 8601
  std::optional<PairPlace> pair;              // of a session of pairs alone
  std::optional<KnownFailure> known_failure;  // as the scenario said
  // All scenarios that have the cell and were asked for, `scenario` among them; empty in records of
  // before: `scenario` alone.
  std::vector<ScenarioPlace> scenarios{};
  int schema_minor = kSchemaMinor;  // of the program that wrote it
  UnknownMembers unknown;
  // Of an excerpt: the metrics of which the headline alone is kept, which are not among `metrics`.
  Headlines headlines{};
  Line line{};

  // Value of an axis, "" where the record has no such axis.
  std::string axis(std::string_view name) const;
  // Returns the names of `scenarios`, each once; `scenario` where there are none.
  std::vector<std::string> scenario_names() const;
  // Headline value of a metric, nullopt where it was not measured.
  std::optional<double> value(std::string_view metric) const;
  // Unit of a metric that the record has, be it measured or not; null where it has none.
  const std::string* unit(std::string_view metric) const;
};

// Whether it tells how weights are loaded, and nothing of training.
inline bool measures_loading(const CellRecord& record) {
  return fact(record.environment, "measure") == "load";
}

// These write and read one JSON object on one line, with "schema_version" and "schema_minor".
// parse_* throw Error naming `origin` ("results.jsonl:12") and the remedy. Numbers read back
// exactly; NaN and infinity, which JSON lacks, are written as null: not measured as a value, NaN
// among samples.
std::string to_json_line(const CellRecord& record);
CellRecord parse_record(std::string_view json, const std::string& origin);
std::string to_json(const RankResult& result);
RankResult parse_rank_result(std::string_view json, const std::string& origin);

// Holds what `moebench doctor` found of a machine.
struct MachineReport {
  Environment environment;
  Metrics metrics;
  std::vector<std::string> warnings;  // what would disturb a measurement
};
// Writes one JSON document, indented.
std::string to_json(const MachineReport& report);

// All records as one JSON document {"schema_version", "records": [...]}, indented. Where a record
// is an excerpt the whole of it is written, read when its turn comes.
std::string to_json_document(const std::vector<CellRecord>& records);
// Hands the same over in pieces.
void write_json_document(const std::vector<CellRecord>& records,
                         const std::function<void(std::string_view)>& write);

// The records of a results folder, from wherever they lie in it (results_file.h); load takes the
// path of a file of records, too. append flushes to disk; load ignores blank lines, and leaves out
// with a warning on stderr a last line cut short by a crash (the next append moves it to a file
// .bad) and other malformed lines. Of two records of the same id and repetition the later one
// counts, at the place of the first; kRefuse: Error that names the line, of a malformed one too. A
// folder without such a file has no records yet. Records come in the order in which they were
// written; of cells with a file of their own in that in which those began.
enum class Duplicates { kLaterCounts, kRefuse };
void append(const std::filesystem::path& results_folder, const CellRecord& record);
// Does the same for a process that shares the folder with others, which write to other cells.
void append_apart(const std::filesystem::path& results_folder, const CellRecord& record);
// Appends all of them or, where that fails, none: to results.jsonl, of cells that no run has.
void append_all(const std::filesystem::path& results_folder,
                const std::vector<CellRecord>& records);
std::vector<CellRecord> load(const std::filesystem::path& results_folder,
                             Duplicates duplicates = Duplicates::kLaterCounts);

// Says what load_excerpts keeps of a record. Empty functions: everything.
struct Excerpt {
  std::function<bool(std::string_view metric)> keeps_metric;  // all of it, not the headline alone
  std::function<bool(std::string_view name)> keeps_environment;
};
// Does the same as load() for readers of thousands of records. Unknown members are not kept.
std::vector<CellRecord> load_excerpts(const std::filesystem::path& results_folder,
                                      const Excerpt& excerpt);
// Returns all of what the record's line says; its disposition, message and axes are those of the
// excerpt, which may have been judged or named since. Error where the file is another one by now.
CellRecord whole(const CellRecord& excerpt);

}  // namespace moebench::record
