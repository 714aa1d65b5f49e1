// Three ranks, whose shards no power of two divides, and three threads each, whose work no order
// but that of the code may shape: training as in one process, and the same bits every time.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/testing/ranks/ranks.h"
#include "harness/train/parity_testing.h"

namespace moebench::train {
namespace {

using config::Dtype;
using config::ExpertKernel;

CellConfig cell_of(std::int64_t ep_degree, ExpertKernel kernel, Dtype dtype) {
  CellConfig cell = tiny_cell();
  cell.model.num_experts = 6;
  cell.model.vocab_size = 67;  // odd units: the last shard of each is padded
  cell.ranks = world->size();
  cell.parallelism = ep_degree == 1 ? config::Parallelism::kFsdp : config::Parallelism::kEp;
  cell.ep_degree = ep_degree;
  cell.expert_kernel = kernel;
  cell.dtype = dtype;
  cell.grad_accumulation = 2;
  return cell;
}

std::vector<CellConfig> cells() {
  std::vector<CellConfig> all;
  for (const std::int64_t ep_degree : {1, 3}) {
    for (const ExpertKernel kernel : {ExpertKernel::kLoop, ExpertKernel::kGrouped}) {
      for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
        all.push_back(cell_of(ep_degree, kernel, dtype));
      }
    }
  }
  return all;
}

// Large enough that every thread has blocks of the gradient to sum.
CellConfig wide_cell(std::int64_t ep_degree, Dtype dtype) {
  CellConfig cell = cell_of(ep_degree, ExpertKernel::kGrouped, dtype);
  cell.model.hidden_size = 96;
  cell.model.intermediate_size = 160;
  cell.model.head_dim = 24;
  return cell;
}

void expect_same_bits(const Trained& got, const Trained& want) {
  ASSERT_EQ(got.steps.size(), want.steps.size());
  for (std::size_t i = 0; i < want.steps.size(); ++i) {
    EXPECT_EQ(got.steps[i].loss, want.steps[i].loss) << "step " << i;
    EXPECT_EQ(got.steps[i].grad_norm, want.steps[i].grad_norm) << "step " << i;
  }
  for (const auto& [name, part] : got.parameters) {
    EXPECT_TRUE(at::equal(part.value, want.parameters.at(name).value)) << name;
  }
}

class ThreeRanks : public ::testing::TestWithParam<int> {
 protected:
  ThreeRanks() { at::set_num_threads(GetParam()); }
};

TEST_P(ThreeRanks, TrainAsOneProcessDoes) {
  for (const CellConfig& cell : cells()) {
    SCOPED_TRACE(cell.canonical_text());
    const Trained trained = train(cell, *world);
    const Bounds& bounds = cell.dtype == Dtype::kFp32 ? kFp32 : kBf16;
    expect_same(trained, reference(cell), bounds);
    std::vector<double> rows(trained.tokens_per_expert.begin(), trained.tokens_per_expert.end());
    world->all_reduce_sum(rows);
    for (std::size_t i = 0; cell.dtype == Dtype::kFp32 && i < rows.size(); ++i) {
      EXPECT_EQ(rows[i], static_cast<double>(reference(cell).tokens_per_expert[i])) << i;
    }
  }
}

TEST_P(ThreeRanks, GiveTheSameBitsEveryTime) {
  for (const std::int64_t ep_degree : {1, 3}) {
    for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
      const CellConfig cell = wide_cell(ep_degree, dtype);
      SCOPED_TRACE(cell.canonical_text());
      const Trained first = train(cell, *world);
      for (int run = 0; run < 3; ++run) expect_same_bits(train(cell, *world), first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OneThreadAndThree, ThreeRanks, ::testing::Values(1, 3),
                         [](const auto& test) { return std::to_string(test.param) + "Threads"; });

}  // namespace
}  // namespace moebench::train
