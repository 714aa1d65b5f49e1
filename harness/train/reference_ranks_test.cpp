// These compare with Hugging Face transformers: the fixtures hold a checkpoint, token ids with
// padding and what transformers and PyTorch's AdamW compute from them. tools/dev/README.md tells
// how they came.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "harness/base/environment_variable.h"
#include "harness/comm/communicator.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/engine.h"
#include "harness/train/shardings_testing.h"
#include "harness/weights/safetensors.h"

namespace moebench::train {
namespace {

using config::CellConfig;
using config::ExpertKernel;

constexpr double kLogitBound = 1e-5;     // of the largest logit
constexpr double kLossBound = 1e-5;      // relative, gradient norms too
constexpr double kGradientBound = 1e-4;  // norm of the difference, relative

// Those of this folder, or others that make_reference.py wrote.
std::filesystem::path fixtures() {
  return environment_variable("MOEBENCH_REFERENCE_FIXTURES").value_or(MOEBENCH_TRAIN_FIXTURES);
}

class Fixture {
 public:
  explicit Fixture(const std::string& model)
      : folder_(fixtures() / model),
        model_(config::load_model_config(folder_ / "config.json")),
        weights_(folder_ / "model.safetensors"),
        reader_(folder_ / "reference.safetensors"),
        tokens_(tensor("tokens").to(at::kLong)),
        lengths_(tensor("lengths").to(at::kLong)) {}

  const config::ModelConfig& model() const { return model_; }
  std::string checkpoint() const { return folder_.string(); }
  std::int64_t num_steps() const { return tokens_.size(0); }
  std::int64_t num_micro_batches() const { return tokens_.size(1); }
  std::int64_t num_rows() const { return tokens_.size(2); }
  std::int64_t length() const { return tokens_.size(3); }

  at::Tensor tensor(const std::string& name) const { return read(reader_, name); }
  at::Tensor initial(const std::string& parameter) const { return read(weights_, parameter); }
  // Of the parameters that have one.
  std::set<std::string> gradients() const {
    const std::string prefix = "gradient.";
    std::set<std::string> names;
    for (const auto& [name, info] : reader_.tensors()) {
      if (name.starts_with(prefix)) names.insert(name.substr(prefix.size()));
    }
    return names;
  }
  double number(const std::string& name, std::int64_t index = 0) const {
    return tensor(name)[index].item<double>();
  }
  data::MicroBatch batch(std::int64_t step, std::int64_t index) const {
    const at::Tensor tokens = tokens_[step][index].flatten();
    const at::Tensor lengths = lengths_[step][index];
    const auto* t = tokens.data_ptr<std::int64_t>();
    const auto* l = lengths.data_ptr<std::int64_t>();
    return {0, num_rows(), length(), {t, t + tokens.numel()}, {l, l + lengths.numel()}};
  }

 private:
  static at::Tensor read(const weights::SafetensorsReader& file, const std::string& name) {
    at::Tensor values = at::empty(file.tensors().at(name).shape, at::kFloat);
    file.read(name, 0, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
    return values;
  }

  std::filesystem::path folder_;
  config::ModelConfig model_;
  weights::SafetensorsReader weights_, reader_;
  at::Tensor tokens_, lengths_;
};

struct Arm {
  std::string model;
  Sharding sharding;
  ExpertKernel kernel;
};

std::string name_of(const Arm& arm) {
  return arm.model + "_" + arm.sharding.name() + "_" + config::to_string(arm.kernel);
}

void PrintTo(const Arm& arm, std::ostream* out) { *out << name_of(arm); }

std::vector<std::string> models() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures())) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// fsdp, ep of every degree that divides ranks and experts, and hsdp of every one that leaves
// several copies, from 4 ranks on.
std::vector<Sharding> shardings_of(const config::ModelConfig& model) {
  std::vector<Sharding> all = {{}};
  for (std::int64_t degree = 2; degree <= world->size(); ++degree) {
    if (world->size() % degree != 0) continue;
    if (model.num_experts % degree == 0) all.push_back({config::Parallelism::kEp, degree});
    if (degree < world->size()) all.push_back({config::Parallelism::kHsdp, degree});
  }
  return all;
}

// One rank has both kernels. More take turns: models, shardings of a model, and 2 and 4 ranks, so
// that every model meets both under ep.
std::vector<ExpertKernel> kernels_of(std::size_t model, std::size_t sharding) {
  if (world->size() == 1) return {ExpertKernel::kLoop, ExpertKernel::kGrouped};
  const auto turn = model + sharding + static_cast<std::size_t>(world->size() / 2);
  return {turn % 2 == 0 ? ExpertKernel::kLoop : ExpertKernel::kGrouped};
}

std::vector<Arm> arms() {
  std::vector<Arm> arms;
  const std::vector<std::string> all = models();
  for (std::size_t m = 0; m < all.size(); ++m) {
    const std::vector<Sharding> shardings = shardings_of(Fixture(all[m]).model());
    for (std::size_t s = 0; s < shardings.size(); ++s) {
      for (ExpertKernel kernel : kernels_of(m, s)) arms.push_back({all[m], shardings[s], kernel});
    }
  }
  return arms;
}

double relative(double got, double want) { return std::abs(got - want) / std::abs(want); }

class Reference : public ::testing::TestWithParam<Arm> {
 protected:
  CellConfig cell() const {
    CellConfig cell;
    cell.model = fixture_.model();
    GetParam().sharding.apply(cell);
    cell.expert_kernel = GetParam().kernel;
    cell.ranks = world->size();
    cell.micro_batch = fixture_.num_rows();
    cell.grad_accumulation = fixture_.num_micro_batches() / world->size();
    cell.seq_len = fixture_.length();
    cell.dtype = config::Dtype::kFp32;
    cell.learning_rate = fixture_.number("setting.learning_rate");
    cell.adam_beta1 = fixture_.number("setting.adam_beta1");
    cell.adam_beta2 = fixture_.number("setting.adam_beta2");
    cell.adam_epsilon = fixture_.number("setting.adam_epsilon");
    cell.weight_decay = fixture_.number("setting.weight_decay");
    cell.max_grad_norm = fixture_.number("setting.max_grad_norm");
    return cell;
  }

  std::unique_ptr<Engine> loaded_engine(const CellConfig& cell) const {
    auto engine = std::make_unique<Engine>(cell, *world);
    engine->load(*weights::checkpoint_source(fixture_.checkpoint(), cell.model));
    return engine;
  }

  // Index within the step of this rank's i-th micro-batch.
  std::int64_t index(std::int64_t i) const { return i * world->size() + world->rank(); }

  StepResult step(Engine& engine, std::int64_t step) const {
    std::vector<data::MicroBatch> batches;
    for (std::int64_t i = 0; i < fixture_.num_micro_batches() / world->size(); ++i) {
      batches.push_back(fixture_.batch(step, index(i)));
    }
    return engine.step(batches);
  }

  const Fixture fixture_{GetParam().model};
};

TEST_P(Reference, Logits) {
  const auto engine = loaded_engine(cell());
  const at::Tensor all = fixture_.tensor("logits");
  for (std::int64_t i = 0; i * world->size() < all.size(0); ++i) {
    const data::MicroBatch batch = fixture_.batch(0, index(i));
    const at::Tensor got = engine->logits(batch).view({batch.num_samples, batch.length, -1});
    if (index(i) >= all.size(0)) break;  // all ranks have taken part
    for (std::int64_t row = 0; row < batch.num_samples; ++row) {
      const std::int64_t length = batch.lengths[static_cast<std::size_t>(row)];  // the rest pads
      const at::Tensor want = all[index(i)][row].narrow(0, 0, length);
      const at::Tensor difference = got[row].narrow(0, 0, length) - want;
      EXPECT_LT(difference.abs().max().item<double>(),
                kLogitBound * want.abs().max().item<double>())
          << "micro-batch " << index(i) << ", row " << row;
    }
  }
}

TEST_P(Reference, Gradients) {
  const auto engine = loaded_engine(cell());
  step(*engine, 0);
  const std::set<std::string> wanted = fixture_.gradients();
  std::set<std::string> visited;
  engine->visit_gradients([&](const partition::Slot& slot, const at::Tensor& got) {
    const std::string& name = slot.parameter.name;
    EXPECT_EQ(wanted.contains(name), partition::is_trained(slot.parameter.role)) << name;
    if (!wanted.contains(name)) return;
    visited.insert(name);
    const at::Tensor whole = fixture_.tensor("gradient." + name);
    EXPECT_EQ(whole.sizes(), at::IntArrayRef(slot.parameter.shape)) << name;
    const at::Tensor want =
        whole.flatten().narrow(0, slot.parameter_begin, slot.num_elements).view(got.sizes());
    EXPECT_LT((got - want).norm().item<double>(), kGradientBound * want.norm().item<double>())
        << name;
  });
  // Under ep a rank has its own experts alone.
  if (GetParam().sharding.parallelism != config::Parallelism::kEp) {
    EXPECT_EQ(visited, wanted);
  }
}

TEST_P(Reference, LossWithoutAuxiliaryLoss) {
  CellConfig without = cell();
  without.router_aux_loss = false;
  const double want = fixture_.number("loss_without_auxiliary");
  const bool differs = relative(fixture_.number("losses"), want) > 100 * kLossBound;
  EXPECT_EQ(differs, without.model.router_aux_loss_coef > 0) << "some classes have no such loss";
  const StepResult got = step(*loaded_engine(without), 0);
  EXPECT_LT(relative(got.loss, want), kLossBound);
  // Nor is anything of it in the gradient.
  without.router_aux_loss = true;
  without.model.router_aux_loss_coef = 0;
  EXPECT_EQ(step(*loaded_engine(without), 0).grad_norm, got.grad_norm);
}

TEST_P(Reference, LossesAndGradientNormsOfClippedSteps) {
  const auto engine = loaded_engine(cell());
  for (std::int64_t i = 0; i < fixture_.num_steps(); ++i) {
    const StepResult got = step(*engine, i);
    EXPECT_LT(relative(got.loss, fixture_.number("losses", i)), kLossBound) << "step " << i;
    EXPECT_LT(relative(got.grad_norm, fixture_.number("grad_norms", i)), kLossBound)
        << "step " << i;
    EXPECT_GT(got.grad_norm, cell().max_grad_norm) << "clipping is not active";
  }
  engine->visit_parameters([&](const partition::Slot& slot, const at::Tensor& got) {
    const at::Tensor before = fixture_.initial(slot.parameter.name).flatten();
    const at::Tensor part = before.narrow(0, slot.parameter_begin, slot.num_elements);
    EXPECT_NE(at::equal(got.flatten(), part), partition::is_trained(slot.parameter.role))
        << slot.parameter.name;
  });
}

INSTANTIATE_TEST_SUITE_P(All, Reference, ::testing::ValuesIn(arms()),
                         [](const auto& arm) { return name_of(arm.param); });

}  // namespace
}  // namespace moebench::train
