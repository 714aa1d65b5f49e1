#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/base/names.h"
#include "harness/checkpoint/manifest.h"
#include "harness/checkpoint/save_owner.h"

namespace moebench::checkpoint {

// Points of a save at which a test may end the process.
enum class Stage {
  kBegun,         // the temporary folder is there, empty
  kHalfShard,     // half of this rank's pieces are written
  kShardWritten,  // this rank's file is whole
  kReady,         // everything is in the temporary folder, the manifest included
  kExchanged,     // the new checkpoint has its name; the old one of that step, if any, does not
  kDone,          // old checkpoints are removed
};
constexpr auto names_of(Stage) {
  return name_table<Stage>({{Stage::kBegun, "begun"},
                            {Stage::kHalfShard, "half_shard"},
                            {Stage::kShardWritten, "shard_written"},
                            {Stage::kReady, "ready"},
                            {Stage::kExchanged, "exchanged"},
                            {Stage::kDone, "done"}});
}

// A piece and its elements as they are stored.
struct PieceData {
  SavedPiece piece;
  std::span<const std::byte> bytes;
};

// A Save is one rank's part in saving one checkpoint, which all ranks do together:
//   rank 0 begin(), the others learn what it returned and join(), every rank write_shard(), rank 0
//   learns of all files, rank 0 commit().
// A process that dies at any point leaves every checkpoint that was whole before, and at most a
// temporary folder and a lock file that the next begin() removes. Several runs may save to one
// folder at the same time.
class Save {
 public:
  // `on_stage` may end the process.
  Save(
      std::filesystem::path folder, std::int64_t step,
      std::function<void(Stage)> on_stage = [](Stage) {});

  // Removes what saves that died left in the folder, and makes the temporary folder of a new owner
  // (save_owner.h), whose name it returns.
  std::string begin();

  // Joins the same save on another rank.
  void join(const std::string& owner);

  // Writes and flushes this rank's file.
  ShardFile write_shard(int rank, config::Dtype dtype, const std::vector<PieceData>& pieces) const;

  // Writes the manifest, flushes and renames. A checkpoint of the same step is replaced. Then
  // removes all but the newest `keep` checkpoints of this step and before; 0 keeps all. Error
  // where a file of the manifest is not there.
  void commit(const Manifest& manifest, std::int64_t keep);

 private:
  std::filesystem::path folder_;
  std::int64_t step_;
  std::unique_ptr<SaveOwner> owner_;  // from begin() to commit()
  std::filesystem::path temporary_;
  std::function<void(Stage)> on_stage_;
};

}  // namespace moebench::checkpoint
