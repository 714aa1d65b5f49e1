#pragma once

#include <cstdint>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/record/record.h"
#include "harness/train/checkpoints.h"
#include "harness/train/engine.h"

namespace moebench::train {

// Saves a checkpoint after every checkpoint_every steps, and keeps what that cost.
class PeriodicSaver {
 public:
  // `cell` and `world` must outlive the saver.
  PeriodicSaver(const config::CellConfig& cell, comm::Communicator& world, SaveOptions options);

  // Tells whether the step just done is one of those.
  bool is_due(const Engine& engine) const;

  // Collective.
  void save(Engine& engine, std::int64_t next_data_step);

  // checkpoint_save_time and checkpoint_bytes, where anything was saved.
  void write(record::Metrics& metrics) const;

 private:
  const config::CellConfig& cell_;
  comm::Communicator& world_;
  SaveOptions options_;
  std::vector<double> save_time_ns_;
  std::int64_t num_bytes_ = 0;  // of this rank in the last save
};

}  // namespace moebench::train
