#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "harness/checkpoint/save.h"
#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/train/engine.h"

namespace moebench::train {

struct SaveOptions {
  std::filesystem::path folder;  // of checkpoints
  std::int64_t keep = 0;         // the newest ones; 0 = all
  // Every rank that comes to a stage of the save of this step calls this, which may end the
  // process.
  std::function<void(std::int64_t step, checkpoint::Stage)> on_stage = [](std::int64_t,
                                                                          checkpoint::Stage) {};
};

// Saves the state of training as step_<updates done> (harness/checkpoint/README.md); the data of
// `next_data_step` come next. Returns the bytes that this rank wrote. Collective over `world`; an
// Error is that of all ranks.
std::int64_t save_checkpoint(Engine& engine, const config::CellConfig& cell,
                             comm::Communicator& world, std::int64_t next_data_step,
                             const SaveOptions& options);

// The checkpoint that cell.resume_from means, the same on every rank: a newer one may appear at
// any time.
std::filesystem::path resolve_resume_from(const config::CellConfig& cell,
                                          comm::Communicator& world);

// Verifies the checkpoint cell.resume_from and reads this rank's part of it, whatever ranks and
// parallelism wrote it. Returns the data step to go on with. Collective over `world`; Error on all
// ranks where it does not fit the cell or is damaged.
std::int64_t load_checkpoint(Engine& engine, const config::CellConfig& cell,
                             comm::Communicator& world);

}  // namespace moebench::train
