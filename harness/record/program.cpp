#include "harness/record/program.h"

#include <map>
#include <utility>

namespace moebench::record {
namespace {

bool is_clean(const CellRecord& record) { return fact(record.environment, "git_dirty") == "false"; }

// Compares by the worker's hash, or where one names none, by their revisions.
bool is_same_program(const CellRecord& a, const CellRecord& b) {
  if (program_of(a) == program_of(b)) return true;
  const bool both_hashed =
      !fact(a.environment, "worker_hash").empty() && !fact(b.environment, "worker_hash").empty();
  return !both_hashed && is_clean(a) && is_clean(b) &&
         fact(a.environment, "git_sha") == fact(b.environment, "git_sha");
}

using CellKey = std::pair<std::string, std::string>;  // id, arm

CellKey cell_of(const CellRecord& record) {
  return {record.id, record.pair ? to_string(record.pair->arm) : ""};
}

}  // namespace

std::string program_of(const CellRecord& record) {
  const std::string hash = fact(record.environment, "worker_hash");
  if (!hash.empty()) return "worker " + hash;
  const std::string sha = fact(record.environment, "git_sha");
  if (sha.empty()) return "";
  return "git " + sha + (fact(record.environment, "git_dirty") == "true" ? ", dirty" : "");
}

OfLatestPrograms of_latest_programs(std::vector<CellRecord> records) {
  std::map<CellKey, const CellRecord*> latest;
  for (const CellRecord& record : records) {
    const auto [found, is_new] = latest.try_emplace(cell_of(record), &record);
    if (!is_new && record.started_at >= found->second->started_at) found->second = &record;
  }
  std::vector<bool> counts;  // before anything moves
  for (const CellRecord& record : records) {
    counts.push_back(is_same_program(record, *latest.at(cell_of(record))));
  }
  OfLatestPrograms parted;
  for (std::size_t i = 0; i < records.size(); ++i) {
    (counts[i] ? parted.kept : parted.left_out).push_back(std::move(records[i]));
  }
  return parted;
}

Origin origin_of(const CellRecord& record, const Program& program) {
  const std::string hash = fact(record.environment, "worker_hash");
  if (!hash.empty()) return hash == program.worker_hash ? Origin::kThis : Origin::kOther;
  const bool both_clean = fact(record.environment, "git_dirty") == "false" && !program.is_dirty;
  const bool is_same = both_clean && fact(record.environment, "git_sha") == program.git_sha;
  return is_same ? Origin::kThisByRevision : Origin::kOther;
}

}  // namespace moebench::record
