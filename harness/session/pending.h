#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/program.h"
#include "harness/record/record.h"
#include "harness/session/plan.h"

namespace moebench::session {

// By id and repetition.
using Records = std::map<std::pair<std::string, int>, record::CellRecord>;

// The ok record of a planned run, with as much of a profile as it wants; null where there is none.
const record::CellRecord* ok_record(const PlannedRun& run, const Records& records);

// What of a plan is to be run, and what is to be said of the results that are there.
struct Pending {
  std::vector<PlannedRun> runs;
  int num_by_others = 0;  // ok, and measured by another program
  std::set<std::string> other_programs;
  int num_by_revision = 0;  // ok, and of before records named their worker
};

// The program that would measure a cell here; nothing where there is none.
using ProgramOf = std::function<std::optional<record::Program>(const config::CellConfig& cell)>;

// A result counts where that program has measured it; that of another one is pending again, unless
// `keep_other_builds`. Without a program, which a build without the worker has, all results count.
Pending find_pending(const std::vector<PlannedRun>& plan, const Records& records,
                     const ProgramOf& program_of, bool keep_other_builds);

// The records of cells by which it is decided how often they run: all but those that are pending
// since another program made them, or without the profile that is wanted.
using RecordViews = std::map<std::pair<std::string, int>, const record::CellRecord*>;
RecordViews counted_records(const std::vector<config::CellConfig>& cells, const Records& records,
                            const ProgramOf& program_of, bool keep_other_builds);

// Lines for stderr on results that are not counted, or are and might surprise; "" where all are of
// the one program.
std::string origin_notes(const Pending& pending, bool keep_other_builds);

// "skip repetition 0, recorded ok": what will become of a planned run.
std::string plan_note(const PlannedRun& run, const Records& records, const Pending& pending);

}  // namespace moebench::session
