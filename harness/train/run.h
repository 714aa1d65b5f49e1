#pragma once

#include <vector>

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/data/data_set.h"
#include "harness/estimate/model_size.h"
#include "harness/train/engine.h"
#include "harness/train/worker.h"

namespace moebench::train {

// Counts what a rank's micro-batches hold, where the engine consumes them.
struct Consumed {
  std::int64_t real = 0;
  std::int64_t padding = 0;
  std::int64_t loss = 0;
  double model_flops = 0;     // of the real tokens, each row with its own length
  double hardware_flops = 0;  // the same, recomputation included

  void add(const data::MicroBatch& batch, const estimate::ModelFlops& of_model, bool recomputes);
};

// Holds what the passes of a worker share; all of it must outlive them.
struct PassInputs {
  const config::CellConfig& cell;
  comm::Communicator& world;
  const data::DataSet& data;
  const WorkerOptions& options;
  device::Place place = {};

  // Rank 0 tells how far it is, so that a pass that goes on is not taken for one that hangs.
  void tell_progress(const char* phase, std::int64_t step, std::int64_t num_steps) const {
    if (world.rank() == 0) options.progress(phase, step, num_steps, 0);
  }
};

// Makes one run of a cell's first steps from its initial weights, or from the checkpoint it
// resumes, on this rank. Collective.
class Run {
 public:
  // Loads the weights.
  Run(const PassInputs& inputs, Engine::BufferCaching caching);

  // This rank's of the next step.
  std::vector<data::MicroBatch> next_micro_batches() const;

  // The next step, data included; what it trains on is added to `consumed`.
  StepResult step(Consumed& consumed);

  Engine& engine() { return engine_; }
  std::int64_t next_step() const { return next_step_; }
  std::int64_t checkpoint_load_ns() const { return checkpoint_load_ns_; }

 private:
  PassInputs inputs_;
  estimate::ModelFlops model_flops_;
  Engine engine_;
  std::int64_t next_step_ = 0;
  std::int64_t checkpoint_load_ns_ = 0;
};

}  // namespace moebench::train
