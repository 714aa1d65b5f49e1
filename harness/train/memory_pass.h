#pragma once

#include <vector>

#include "harness/measure/torch/tensor_memory.h"
#include "harness/record/record.h"
#include "harness/train/numerics.h"
#include "harness/train/run.h"

namespace moebench::train {

// Memory metrics slow a run, so they have one of their own: fresh weights and the first `num_steps`
// steps again, with nothing kept between steps but what a rank must keep. Adds mem_* and rss_* to
// `metrics`. Collective.
struct MemoryPass {
  std::vector<double> losses;                   // of the steps
  std::vector<measure::MemoryMoment> timeline;  // of the last one
  Numerics numerics;                            // where the cell asks for them
};
MemoryPass memory_pass(const PassInputs& inputs, std::int64_t num_steps, record::Metrics& metrics);

}  // namespace moebench::train
