// Same global batch, same seed: every parallelism and expert kernel must train alike. Each rank
// trains the reference in one process of its own, then the sharded run together with the others.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/testing/pairwise.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/engine.h"
#include "harness/train/parity_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::ExpertKernel;

CellConfig tiny_granite() {
  CellConfig cell = tiny_cell();
  cell.model.type = config::ModelType::kGraniteMoe;
  cell.model.tie_word_embeddings = true;
  cell.model.pad_token_id = 0;
  cell.model.attention_multiplier = 0.2;
  cell.model.embedding_multiplier = 6;
  cell.model.residual_multiplier = 0.4;
  cell.model.logits_scaling = 0.5;
  return cell;
}

CellConfig with_model(const config::ModelConfig& model) {
  CellConfig cell = tiny_cell();
  cell.model = model;
  return cell;
}

CellConfig tiny_mixed() { return with_model(tiny_mixed_model()); }
CellConfig tiny_gated() { return with_model(tiny_gated_model()); }
CellConfig tiny_clamped() {
  CellConfig cell = with_model(tiny_clamped_model());
  cell.adam_epsilon = 1e-5;  // gradients of clamped values are small
  return cell;
}

struct Arm {
  CellConfig (*model)();
  config::Dtype dtype;
  Sharding sharding;
  ExpertKernel kernel;
  bool activation_checkpointing;
  std::int64_t grad_accumulation;

  CellConfig cell() const {
    CellConfig cell = model();
    cell.dtype = dtype;
    cell.ranks = world->size();
    sharding.apply(cell);
    cell.expert_kernel = kernel;
    cell.activation_checkpointing = activation_checkpointing;
    cell.grad_accumulation = grad_accumulation;
    return cell;
  }

  // In bf16 many sigmoids of an untrained router are the same, so that rounding decides between
  // experts and groups of them; and it moves many values over the limit of a clamp.
  // Measured: 1.2e-2 of the gradient norm, 2.1e-2 of a parameter.
  Bounds bounds() const {
    if (dtype == config::Dtype::kFp32) return model == tiny_clamped ? kFp32Clamped : kFp32;
    const bool has_edges = model == tiny_mixed || model == tiny_clamped;
    return has_edges ? Bounds{kBf16.loss, 3e-2, 4e-2} : kBf16;
  }
};

std::string name_of(const Arm& arm) {
  return fmt::format("{}_{}_{}_{}{}_accumulation{}", to_string(arm.model().model.type),
                     config::to_string(arm.dtype), arm.sharding.name(),
                     config::to_string(arm.kernel),
                     arm.activation_checkpointing ? "_checkpointing" : "", arm.grad_accumulation);
}

void PrintTo(const Arm& arm, std::ostream* out) { *out << name_of(arm); }

// Mixtral in every combination; others, which share all but the model's own code, in every
// parallelism and kernel. Pairs are enough for hsdp, which differs from fsdp in how gradients are
// summed alone, and for bf16, whose bounds are wide and which adds its own casts and sums.
std::vector<Arm> arms(config::Dtype dtype) {
  constexpr ExpertKernel kKernels[] = {ExpertKernel::kLoop, ExpertKernel::kGrouped};

  std::vector<Arm> arms;
  for (const bool is_hsdp : {false, true}) {
    std::vector<Sharding> some = shardings(world->size());
    std::erase_if(some, [&](const Sharding& sharding) {
      return (sharding.parallelism == config::Parallelism::kHsdp) != is_hsdp;
    });
    if (some.empty()) continue;
    const bool pairs = is_hsdp || kSanitized || dtype == config::Dtype::kBf16;
    const std::vector<std::size_t> sizes = {some.size(), 2, 2, 2};
    for (const auto& row : pairs ? pairwise(sizes) : full_product(sizes)) {
      const std::int64_t accumulation = row[3] == 0 ? 1 : 3;
      arms.push_back({tiny_cell, dtype, some[row[0]], kKernels[row[1]], row[2] == 1, accumulation});
    }
  }
  for (const auto model : {tiny_granite, tiny_mixed, tiny_gated, tiny_clamped}) {
    for (const Sharding& sharding : shardings(world->size())) {
      for (const ExpertKernel kernel : kKernels) {
        arms.push_back({model, dtype, sharding, kernel, kernel == ExpertKernel::kGrouped, 3});
      }
    }
  }
  return arms;
}

class Parity : public ::testing::TestWithParam<Arm> {};

TEST_P(Parity, TrainsAsOneProcessDoes) {
  const CellConfig cell = GetParam().cell();
  const Trained& want = reference(cell);
  expect_same(train(cell, *world), want, GetParam().bounds());
  for (const StepResult& step : want.steps) {
    EXPECT_GT(step.grad_norm, cell.max_grad_norm) << "clipping is not active";
  }
}

std::string test_name(const ::testing::TestParamInfo<Arm>& arm) { return name_of(arm.param); }
INSTANTIATE_TEST_SUITE_P(Fp32, Parity, ::testing::ValuesIn(arms(config::Dtype::kFp32)), test_name);
INSTANTIATE_TEST_SUITE_P(Bf16, Parity, ::testing::ValuesIn(arms(config::Dtype::kBf16)), test_name);

TEST(Engine, LearnsABatchByHeart) {
  CellConfig cell = tiny_cell();
  cell.grad_accumulation = 4;
  const auto self = comm::self_communicator();
  Engine engine(cell, *self);
  engine.load(TestedValues(cell));
  const auto data = data::open_data_set(cell);
  std::vector<data::MicroBatch> batches;
  for (std::int64_t i = 0; i < cell.grad_accumulation; ++i) {
    batches.push_back(data->micro_batch(0, i));
  }
  const double before = engine.step(batches).loss;
  for (int i = 0; i < 30; ++i) engine.step(batches);
  EXPECT_LT(engine.step(batches).loss, 0.8 * before);
}

std::vector<double> rows_of_all_ranks(const Trained& trained) {
  std::vector<double> rows(trained.tokens_per_expert.begin(), trained.tokens_per_expert.end());
  world->all_reduce_sum(rows);
  return rows;
}

void expect_same_rows(const Trained& got, const Trained& want) {
  const auto& expected = want.tokens_per_expert;
  EXPECT_EQ(rows_of_all_ranks(got), std::vector<double>(expected.begin(), expected.end()));
}

// Says how far training moved a parameter.
double distance_from_start(const CellConfig& cell, const Trained::Part& part) {
  const at::Tensor initial = at::empty_like(part.value);
  TestedValues(cell).read(part.slot.parameter, 0,
                          {initial.data_ptr<float>(), static_cast<std::size_t>(initial.numel())});
  return (part.value - initial).abs().max().item<double>();
}

TEST(Engine, RoutesEveryRowOnce) {
  for (const auto model : {tiny_cell, tiny_mixed}) {
    const CellConfig cell =
        Arm{model, config::Dtype::kFp32, {}, ExpertKernel::kGrouped, false, 1}.cell();
    const Trained got = train(cell, *world);
    EXPECT_EQ(got.tokens_per_expert.size(), 2 * cell.model.num_experts);  // of sparse layers
    expect_same_rows(got, reference(cell));
  }
}

// No gradient trains it, and AdamW's weight decay leaves it alone too.
TEST(Engine, LeavesTheRoutersCorrectionAsItIs) {
  CellConfig cell =
      Arm{tiny_mixed, config::Dtype::kFp32, {}, ExpertKernel::kGrouped, false, 1}.cell();
  cell.weight_decay = 0.1;
  std::int64_t found = 0;
  for (const auto& [name, part] : train(cell, *world).parameters) {
    if (!name.ends_with("e_score_correction_bias")) continue;
    ++found;
    EXPECT_EQ(distance_from_start(cell, part), 0) << name;
  }
  EXPECT_EQ(found, 2);
}

// Every rank's copy of the model is the same, to the bit.
TEST(Engine, CopiesOfHsdpStayTheSameBits) {
  if (world->size() < 4) GTEST_SKIP() << "no two copies of several ranks";
  for (const config::Dtype dtype : {config::Dtype::kFp32, config::Dtype::kBf16}) {
    const Sharding hsdp{config::Parallelism::kHsdp, 2};
    const CellConfig cell = Arm{tiny_cell, dtype, hsdp, ExpertKernel::kGrouped, false, 3}.cell();
    for (const auto& [name, part] : train(cell, *world).parameters) {
      const auto bytes = static_cast<std::int64_t>(part.value.nbytes());
      std::vector<char> all(static_cast<std::size_t>(bytes * world->size()));
      world->all_gather(part.value.const_data_ptr(), all.data(), bytes);
      EXPECT_EQ(std::memcmp(all.data(), part.value.const_data_ptr(), part.value.nbytes()), 0)
          << name;
    }
  }
}

// A forced choice is the same for every arm, and the router still learns.
void expect_forced(CellConfig (*model)(), const config::Routing& routing, const char* router) {
  for (const Sharding& sharding : {Sharding{}, Sharding{config::Parallelism::kEp, world->size()}}) {
    CellConfig cell =
        Arm{model, config::Dtype::kFp32, sharding, ExpertKernel::kGrouped, true, 3}.cell();
    cell.routing = routing;
    SCOPED_TRACE(config::to_string(routing) + ", " + sharding.name());
    const Trained got = train(cell, *world);
    expect_same(got, reference(cell), kFp32);
    expect_same_rows(got, reference(cell));
    EXPECT_GT(distance_from_start(cell, got.parameters.at(router)), 1e-4);
  }
}

TEST(Engine, ForcesTheSameRoutingInEveryArm) {
  const config::Routing balanced{.kind = config::RoutingKind::kBalanced};
  const config::Routing skewed{.kind = config::RoutingKind::kSkewed, .skew = 1};
  expect_forced(tiny_cell, balanced, "model.layers.0.block_sparse_moe.gate.weight");
  expect_forced(tiny_cell, skewed, "model.layers.0.block_sparse_moe.gate.weight");
  expect_forced(tiny_mixed, skewed, "model.layers.2.mlp.gate.weight");
}

// Both dtypes learn the same; 2 % is what the steps of this model stay within.
TEST(Engine, Bf16StaysCloseToFp32) {
  CellConfig cell =
      Arm{tiny_cell, config::Dtype::kBf16, {}, ExpertKernel::kGrouped, false, 1}.cell();
  const Trained bf16 = train(cell, *world);
  cell.dtype = config::Dtype::kFp32;
  const Trained& fp32 = reference(cell);
  for (std::size_t i = 0; i < fp32.steps.size(); ++i) {
    EXPECT_LT(relative(bf16.steps[i].loss, fp32.steps[i].loss), 0.02);
  }
}

}  // namespace
}  // namespace moebench::train
