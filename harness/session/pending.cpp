#include "harness/session/pending.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/base/words.h"

namespace moebench::session {
namespace {

using record::CellRecord;
using record::Disposition;
using record::Origin;

// The level of profile that a record has, kNone without one.
config::Profile recorded_profile(const CellRecord& record) {
  const std::string level = record::fact(record.environment, "profile");
  return level.empty() ? config::Profile::kNone : parse_name<config::Profile>(level, "profile");
}

// Whether an ok record holds what is asked of the cell beside its results.
bool has_what_is_asked(const CellRecord& record, const config::CellConfig& cell) {
  if (recorded_profile(record) < cell.profile) return false;
  if (cell.require_transport.empty() || cell.processes() == 1) return true;
  return record::fact(record.environment, "required_transport") == cell.require_transport;
}

}  // namespace

const CellRecord* ok_record(const PlannedRun& run, const Records& records) {
  const auto it = records.find(run.key());
  const bool is_ok = it != records.end() && it->second.disposition == Disposition::kOk &&
                     has_what_is_asked(it->second, run.cell);
  return is_ok ? &it->second : nullptr;
}

RecordViews counted_records(const std::vector<config::CellConfig>& cells, const Records& records,
                            const ProgramOf& program_of, bool keep_other_builds) {
  RecordViews counted;
  if (records.empty()) return counted;
  for (const config::CellConfig& cell : cells) {
    const std::string id = cell.id();
    const auto program = keep_other_builds ? std::nullopt : program_of(cell);
    const auto begin = records.lower_bound({id, 0});
    for (auto it = begin; it != records.end() && it->first.first == id; ++it) {
      const CellRecord& record = it->second;
      const bool is_ok = record.disposition == Disposition::kOk;
      if (is_ok && !has_what_is_asked(record, cell)) continue;
      if (is_ok && program && origin_of(record, *program) == Origin::kOther) continue;
      counted.emplace(it->first, &record);
    }
  }
  return counted;
}

Pending find_pending(const std::vector<PlannedRun>& plan, const Records& records,
                     const ProgramOf& program_of, bool keep_other_builds) {
  Pending pending;
  for (const PlannedRun& run : plan) {
    const CellRecord* record = ok_record(run, records);
    const auto program = record != nullptr ? program_of(run.cell) : std::nullopt;
    const Origin origin = program ? origin_of(*record, *program) : Origin::kThis;
    if (origin == Origin::kOther) {
      ++pending.num_by_others;
      pending.other_programs.insert(record::program_of(*record));
    }
    if (origin == Origin::kThisByRevision) ++pending.num_by_revision;
    const bool counts = record != nullptr && (origin != Origin::kOther || keep_other_builds);
    if (!counts) pending.runs.push_back(run);
  }
  return pending;
}

std::string origin_notes(const Pending& pending, bool keep_other_builds) {
  std::string text;
  if (pending.num_by_others > 0) {
    text += fmt::format(
        "note: {} by another program ({}) {}\n", counted(pending.num_by_others, "result"),
        fmt::join(pending.other_programs, "; "),
        keep_other_builds ? "kept; tables mark the rows"
                          : "not counted; measuring again (--keep-other-builds keeps them)");
  }
  if (pending.num_by_revision > 0) {
    text += fmt::format(
        "note: {} without the worker's name counted: the git revision is this build's, "
        "and both are unchanged\n",
        counted(pending.num_by_revision, "result"));
  }
  return text;
}

std::string plan_note(const PlannedRun& run, const Records& records, const Pending& pending) {
  const auto it = records.find(run.key());
  if (it == records.end()) return fmt::format("run repetition {}", run.repetition);
  const bool is_pending = std::ranges::any_of(
      pending.runs, [&](const PlannedRun& other) { return other.key() == run.key(); });
  const bool is_by_another = is_pending && ok_record(run, records) != nullptr;
  return fmt::format("{} repetition {}, recorded {}{}", is_pending ? "run again" : "skip",
                     run.repetition, to_string(it->second.disposition),
                     is_by_another ? " by " + program_of(it->second) : "");
}

}  // namespace moebench::session
