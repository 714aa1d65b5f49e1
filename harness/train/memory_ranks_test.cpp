// The analytic estimate of memory against what the tensor allocator counts in the memory pass.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "harness/comm/communicator.h"
#include "harness/config/memory_estimate.h"
#include "harness/train/memory_pass.h"

namespace moebench::train {
namespace {

using config::CellConfig;
using config::Dtype;
using config::ExpertKernel;
using config::Optimizer;
using config::Parallelism;

std::unique_ptr<comm::Communicator> world;

// Packed data: all rows are full, as the estimate assumes.
CellConfig packed_cell() {
  CellConfig cell;
  cell.ranks = world->size();
  cell.packing = true;
  return cell;
}

double value(const record::Metrics& metrics, const char* name) {
  return metrics.at(name).value.value();
}

void expect_within(double bound, double measured, std::int64_t estimate, const char* what) {
  const auto expected = static_cast<double>(estimate);
  EXPECT_LT(std::abs(measured - expected), bound * expected) << what << " " << measured;
}

record::Metrics memory_of(const CellConfig& cell) {
  const auto data = data::open_data_set(cell);
  record::Metrics metrics;
  memory_pass({cell, *world, *data, WorkerOptions{}}, 1, metrics);
  return metrics;
}

void check(const CellConfig& cell, double bound) {
  SCOPED_TRACE(cell.canonical_text());
  const record::Metrics metrics = memory_of(cell);
  const config::MemoryEstimate estimate = config::estimate_memory(cell);
  const double state = value(metrics, "mem_alloc");
  expect_within(0.001, state, estimate.state(), "mem_alloc");
  expect_within(0.001, value(metrics, "mem_alloc_load"), estimate.state(), "mem_alloc_load");
  expect_within(bound, value(metrics, "mem_peak"), estimate.total(), "mem_peak");
}

// Calls f with every combination of the axes that shape memory, ep_degrees as given.
template <typename F>
void for_each_cell(CellConfig cell, const std::vector<std::int64_t>& ep_degrees, F&& f) {
  for (const std::int64_t degree : ep_degrees) {
    cell.ep_degree = degree;
    cell.parallelism = degree == 1 ? Parallelism::kFsdp : Parallelism::kEp;
    for (const ExpertKernel kernel : {ExpertKernel::kLoop, ExpertKernel::kGrouped}) {
      cell.expert_kernel = kernel;
      for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
        cell.dtype = dtype;
        for (const bool checkpointing : {false, true}) {
          cell.activation_checkpointing = checkpointing;
          f(cell);
        }
      }
    }
  }
}

std::vector<std::int64_t> ep_degrees() {
  std::vector<std::int64_t> degrees = {1};
  for (const std::int64_t degree : {2, 4}) {
    if (world->size() % degree == 0) degrees.push_back(degree);
  }
  return degrees;
}

// Routing is learned and uneven here: the bound of 10 % has room for it.
TEST(MemoryEstimate, HoldsForTheSmallModel) {
  if (world->size() > 2) return;  // the same sizes of unit, at twice the time
  CellConfig base = packed_cell();
  base.model = config::load_model_config(MOEBENCH_SCENARIO_FOLDER "/models/mixtral-small.json");
  base.seq_len = 64;
  base.micro_batch = 2;
  for_each_cell(base, ep_degrees(), [](CellConfig cell) {
    for (const std::int64_t accumulation : {1, 2}) {
      cell.grad_accumulation = accumulation;
      check(cell, 0.10);
    }
  });
}

// Every token takes every expert, so that the rows are as even as the estimate assumes.
CellConfig even_cell() {
  CellConfig cell = packed_cell();
  cell.model.name = "even";
  cell.model.hidden_size = 128;
  cell.model.intermediate_size = 192;
  cell.model.num_layers = 4;
  cell.model.num_experts = cell.model.top_k = 4;
  cell.model.num_heads = 4;
  cell.model.num_kv_heads = 2;
  cell.model.head_dim = 32;
  cell.model.vocab_size = 256;
  cell.model.max_position_embeddings = 256;
  cell.seq_len = 256;
  cell.micro_batch = 4;
  return cell;
}

// Activations outweigh the state: what is left is the estimate's own error.
TEST(MemoryEstimate, IsCloseWhereRoutingIsEven) {
  CellConfig base = even_cell();
  const auto check_all = [&] {
    for_each_cell(base, ep_degrees(), [](const CellConfig& cell) { check(cell, 0.03); });
  };
  check_all();
  base.model.vocab_size = 16384;  // the logits outweigh a layer
  check_all();
  base.model.vocab_size = 256;
  base.model.intermediate_size = 16;  // and so does attention
  base.model.head_dim = 128;
  check_all();
  base.model.type = config::ModelType::kGraniteMoe;  // scales what passes between the layers
  base.model.embedding_multiplier = 12;
  base.model.residual_multiplier = 0.22;
  base.model.logits_scaling = 6;
  base.model.tie_word_embeddings = true;
  check_all();
}

// What is alive beside the schedule: each axis that changes it, alone and together, where the state
// outweighs the activations and the other way round.
TEST(MemoryEstimate, FollowsScheduleGradientsAndOptimizer) {
  CellConfig base = even_cell();
  base.expert_kernel = ExpertKernel::kGrouped;
  base.activation_checkpointing = true;
  using Change = void (*)(CellConfig&);
  const Change changes[] = {
      [](CellConfig& c) { c.gathers = 3; },
      [](CellConfig& c) { c.sync_each_batch = false; },
      [](CellConfig& c) { c.keep_gradients = false; },
      [](CellConfig& c) { c.sync_each_batch = c.keep_gradients = false; },
      [](CellConfig& c) { c.optimizer = Optimizer::kForeach; },
      [](CellConfig& c) { c.optimizer = Optimizer::kPerTensor; },
      [](CellConfig& c) { c.keep_gradients = false, c.optimizer = Optimizer::kForeach; },
  };
  for (const Change& change : changes) {
    CellConfig cell = base;
    change(cell);
    for (const std::int64_t degree : ep_degrees()) {
      cell.ep_degree = degree;
      cell.parallelism = degree == 1 ? Parallelism::kFsdp : Parallelism::kEp;
      for (const std::int64_t seq_len : {8, 256}) {
        cell.seq_len = seq_len;
        for (const std::int64_t accumulation : {1, 2}) {
          cell.grad_accumulation = accumulation;
          check(cell, 0.10);
        }
      }
    }
  }
}

// So many thin layers that the gathered ones weigh little beside a rank's shard, and so few tokens
// that the peak lies in the update where that takes a copy of the parameters.
CellConfig deep_cell(std::int64_t ep_degree) {
  CellConfig cell = even_cell();
  cell.model.name = "deep";
  cell.model.num_layers = 64 * world->size();
  cell.model.hidden_size = 64;
  cell.model.intermediate_size = 128;
  cell.model.head_dim = 16;
  cell.model.vocab_size = 64;
  cell.seq_len = 4;
  cell.micro_batch = 1;
  cell.activation_checkpointing = true;
  cell.parallelism = ep_degree == 1 ? Parallelism::kFsdp : Parallelism::kEp;
  cell.ep_degree = ep_degree;
  return cell;
}

struct BytesAParameter {
  double alloc, peak;
};

// In bf16, of the parameters that a rank holds.
BytesAParameter bytes_a_parameter(const CellConfig& cell) {
  const record::Metrics metrics = memory_of(cell);
  const double parameters =
      static_cast<double>(config::num_parameters(cell.model)) / static_cast<double>(world->size());
  return {value(metrics, "mem_alloc") / parameters, value(metrics, "mem_peak") / parameters};
}

TEST(BytesAParameter, AreEightOrSixBetweenStepsAndTenOrEightAtThePeak) {
  for (const std::int64_t ep_degree : std::set<std::int64_t>{1, world->size()}) {
    SCOPED_TRACE("ep_degree " + std::to_string(ep_degree));
    CellConfig cell = deep_cell(ep_degree);
    const auto expect_near = [](double measured, double expected, const char* what) {
      EXPECT_NEAR(measured, expected, 0.02 * expected) << what;
    };
    const BytesAParameter kept = bytes_a_parameter(cell);
    cell.keep_gradients = false;
    const BytesAParameter freed = bytes_a_parameter(cell);
    cell.optimizer = Optimizer::kForeach;
    const BytesAParameter foreach_freed = bytes_a_parameter(cell);
    cell.keep_gradients = true;
    const BytesAParameter foreach_kept = bytes_a_parameter(cell);
    expect_near(kept.alloc, 8, "gradients kept");
    expect_near(freed.alloc, 6, "gradients freed");
    expect_near(foreach_kept.alloc, 8, "foreach, gradients kept");
    expect_near(foreach_freed.alloc, 6, "foreach, gradients freed");
    expect_near(kept.peak, 8, "peak of fused");
    expect_near(freed.peak, 8, "peak of fused, gradients freed");
    expect_near(foreach_kept.peak, 10, "peak of foreach");
    expect_near(foreach_freed.peak, 10, "peak of foreach, gradients freed");
  }
}

}  // namespace
}  // namespace moebench::train

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  at::set_num_threads(1);
  moebench::train::world = moebench::comm::mpi_world();
  const int failed = RUN_ALL_TESTS();
  moebench::train::world.reset();
  return failed;
}
