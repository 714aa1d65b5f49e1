#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::record {

// Says which program measured a record: "worker 0123456789ab"; of an older record, which does not
// name its worker, "git 0123abcd" or "git 0123abcd, dirty"; "" where it says nothing.
std::string program_of(const CellRecord& record);

// Holds records, parted by whether they are of the program that measured their cell last.
struct OfLatestPrograms {
  std::vector<CellRecord> kept;
  std::vector<CellRecord> left_out;
};
// Repetitions of different programs are no repetitions of one another. A cell is an id, and its arm
// in a session of pairs; last is by started_at. Both parts are in the order given.
OfLatestPrograms of_latest_programs(std::vector<CellRecord> records);

// The program whose results a run may count as its own.
struct Program {
  std::string worker_hash;
  std::string git_sha;
  bool is_dirty = false;
};
enum class Origin {
  kThis,            // the same worker
  kThisByRevision,  // names no worker, and was built from the same revision, both unchanged
  kOther,
};
Origin origin_of(const CellRecord& record, const Program& program);

}  // namespace moebench::record
