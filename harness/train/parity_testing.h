#pragma once

// Tests that train a cell and compare it with another way to train the same share this.

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/testing/models.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/engine.h"
#include "harness/train/source_testing.h"

namespace moebench::train {

using config::CellConfig;

// Relative: of a step's loss, of its gradient norm, of a parameter's norm at the end.
struct Bounds {
  double loss, grad_norm, parameter;
};
inline constexpr Bounds kFp32 = {1e-5, 1e-5, 1e-5};
// Rounding moves values over the limit of a clamp, where their gradient ends. Measured, of one such
// value: 6e-5 of the gradient norm, 4e-4 of a parameter.
inline constexpr Bounds kFp32Clamped = {1e-4, 1e-3, 3e-3};
// bf16 keeps 8 bits: results differ with the order of sums, and so do a few choices of experts and
// the last bit of updated parameters. Measured: 2e-4, 1.2e-3, 1e-2.
inline constexpr Bounds kBf16 = {1e-3, 5e-3, 2e-2};

inline CellConfig tiny_cell() {
  CellConfig cell;
  cell.model = tiny_model();
  cell.micro_batch = 2;
  cell.seq_len = 24;
  cell.steps = 3;
  cell.dtype = config::Dtype::kFp32;
  cell.seed = 7;
  cell.learning_rate = 1e-3;
  // AdamW would make full steps of gradients that are nothing but rounding.
  cell.adam_epsilon = 1e-6;
  cell.max_grad_norm = 0.5;  // the norm is above it: clipping is active
  cell.data.mean_length = 14;
  return cell;
}

// This rank's of a step.
inline std::vector<data::MicroBatch> micro_batches_of(const CellConfig& cell,
                                                      const data::DataSet& data, std::int64_t step,
                                                      const comm::Communicator& group) {
  std::vector<data::MicroBatch> batches;
  for (std::int64_t i = 0; i < cell.grad_accumulation; ++i) {
    batches.push_back(data.micro_batch(step, i * group.size() + group.rank()));
  }
  return batches;
}

// Holds what a run left.
struct Trained {
  std::vector<StepResult> steps;
  std::vector<std::int64_t> tokens_per_expert;
  struct Part {
    partition::Slot slot;
    at::Tensor value;
  };
  std::map<std::string, Part> parameters;
};

inline Trained train(const CellConfig& cell, comm::Communicator& group,
                     const device::Place& place = {}) {
  Engine engine(cell, group, Engine::BufferCaching::kOn, place);
  engine.load(TestedValues(cell));
  const auto data = data::open_data_set(cell);
  Trained trained;
  for (std::int64_t step = 0; step < cell.steps; ++step) {
    trained.steps.push_back(engine.step(micro_batches_of(cell, *data, step, group)));
  }
  trained.tokens_per_expert = engine.take_routing_counts().tokens_per_expert;
  engine.visit_parameters([&](const partition::Slot& slot, const at::Tensor& value) {
    trained.parameters[slot.parameter.name] = {slot, value.cpu().to(at::kFloat).flatten()};
  });
  return trained;
}

// Trains the same global batch in one process with the plainest schedule and the fused optimizer,
// each cell once.
inline const Trained& reference(const CellConfig& cell) {
  CellConfig alone = cell;
  alone.ranks = 1;
  alone.grad_accumulation = cell.ranks * cell.grad_accumulation;
  alone.parallelism = config::Parallelism::kFsdp;
  alone.ep_degree = 1;
  alone.shard_degree = 0;
  alone.expert_kernel = config::ExpertKernel::kLoop;
  alone.activation_checkpointing = false;
  alone.gathers = 2;
  alone.prefetch = 1;
  alone.sync_each_batch = true;
  alone.optimizer = config::Optimizer::kFused;
  alone.keep_gradients = true;
  alone.device = config::Device::kCpu;
  static std::map<std::string, Trained> trained;
  const auto [found, is_new] = trained.try_emplace(alone.canonical_text());
  if (is_new) found->second = train(alone, *comm::self_communicator());
  return found->second;
}

inline double relative(double a, double b) { return std::abs(a - b) / std::abs(b); }

inline void expect_same(const Trained& got, const Trained& want, const Bounds& bounds) {
  for (std::size_t i = 0; i < want.steps.size(); ++i) {
    EXPECT_LT(relative(got.steps[i].loss, want.steps[i].loss), bounds.loss) << "step " << i;
    EXPECT_LT(relative(got.steps[i].grad_norm, want.steps[i].grad_norm), bounds.grad_norm)
        << "step " << i;
  }
  for (const auto& [name, part] : got.parameters) {
    const at::Tensor expected =
        want.parameters.at(name).value.narrow(0, part.slot.parameter_begin, part.slot.num_elements);
    const double difference = (part.value - expected).norm().item<double>();
    EXPECT_LT(difference / expected.norm().item<double>(), bounds.parameter) << name;
  }
}

}  // namespace moebench::train
