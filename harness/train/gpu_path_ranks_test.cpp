// The engine's path for GPUs trains as its path for CPUs does. With CUDA on a GPU, which the ranks
// share; in a build without it on the CPU, where the host executor runs the kernels for GPUs.
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/device/device.h"
#include "harness/device/kernel_path.h"
#include "harness/parallel/unit_events.h"
#include "harness/testing/pairwise.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/parity_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::Dtype;
using config::ExpertKernel;

#ifdef MOEBENCH_WITH_CUDA
constexpr bool kWithCuda = true;
#else
constexpr bool kWithCuda = false;
#endif

device::Place choose_gpu(CellConfig& cell) {
  cell.device = config::Device::kCuda;
  cell.device_collectives = config::DeviceCollectives::kHost;
  return device::choose(cell, *world);
}

class GpuPath : public ::testing::Test {
 protected:
  static Trained train_by_gpu_path(CellConfig cell) {
    if (kWithCuda) {
      const device::Place place = choose_gpu(cell);
      return train(cell, *world, place);
    }
    const device::HostExecutesGpuKernels host;
    return train(cell, *world);
  }

  static CellConfig cell_of(const Sharding& sharding, ExpertKernel kernel, Dtype dtype) {
    CellConfig cell = tiny_cell();
    cell.dtype = dtype;
    cell.ranks = world->size();
    sharding.apply(cell);
    cell.expert_kernel = kernel;
    cell.grad_accumulation = 2;
    return cell;
  }

  static void expect_like_the_cpu(const CellConfig& cell) {
    SCOPED_TRACE(cell.canonical_text());
    const Bounds& fp32 = cell.model.swiglu_limit > 0 ? kFp32Clamped : kFp32;
    expect_same(train_by_gpu_path(cell), reference(cell),
                cell.dtype == Dtype::kFp32 ? fp32 : kBf16);
  }
};

TEST_F(GpuPath, TrainsAsTheCpuDoes) {
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
    for (const ExpertKernel kernel : {ExpertKernel::kLoop, ExpertKernel::kGrouped}) {
      for (const Sharding& sharding : shardings(world->size())) {
        expect_like_the_cpu(cell_of(sharding, kernel, dtype));
      }
    }
  }
}

TEST_F(GpuPath, TrainsOtherModelsAsTheCpuDoes) {
  for (const config::ModelConfig& model :
       {tiny_mixed_model(), tiny_gated_model(), tiny_clamped_model()}) {
    for (const ExpertKernel kernel : {ExpertKernel::kLoop, ExpertKernel::kGrouped}) {
      CellConfig cell = cell_of({config::Parallelism::kEp, world->size()}, kernel, Dtype::kFp32);
      cell.model = model;
      cell.adam_epsilon = 1e-5;  // as parity_ranks_test has it
      expect_like_the_cpu(cell);
    }
  }
}

TEST_F(GpuPath, TrainsAsTheCpuDoesInEverySchedule) {
  for (const Sharding& sharding : shardings(world->size())) {
    for (const std::int64_t prefetch : {0, 1, 2}) {
      CellConfig cell = cell_of(sharding, ExpertKernel::kGrouped, Dtype::kFp32);
      cell.prefetch = prefetch;
      cell.activation_checkpointing = true;
      cell.gathers = prefetch == 1 ? 3 : 2;
      cell.sync_each_batch = prefetch != 2;
      cell.keep_gradients = false;
      cell.optimizer = prefetch == 0 ? config::Optimizer::kFused : config::Optimizer::kForeach;
      expect_like_the_cpu(cell);
    }
  }
}

// Experts without a token, and then all tokens with two of four experts.
TEST_F(GpuPath, TrainsAsTheCpuDoesUnderForcedRouting) {
  for (const double skew : {0.0, 8.0}) {
    CellConfig cell =
        cell_of({config::Parallelism::kEp, world->size()}, ExpertKernel::kGrouped, Dtype::kFp32);
    cell.routing = {config::RoutingKind::kSkewed, skew, ""};
    expect_like_the_cpu(cell);
  }
}

constexpr std::string_view kGroupedProduct = "aten::_grouped_mm";

// Counts the operations that would make the host wait for a GPU, from the first layer's gather to
// the root's reduction in each micro-step: what comes before them is the copy of its tokens.
class Waits : public parallel::UnitObserver {
 public:
  Waits()
      : callback_(at::addThreadLocalCallback(
            at::RecordFunctionCallback(enter, leave).needsInputs(true))) {
    current_ = this;
  }
  ~Waits() override {
    at::removeCallback(callback_);
    current_ = nullptr;
  }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

  void on_event(parallel::UnitEvent event, const std::string& unit) override {
    if (event == parallel::UnitEvent::kWaitGather) is_within_ = unit != "root";
    if (event == parallel::UnitEvent::kStartReduce && unit == "root") is_within_ = false;
  }

  std::vector<std::string> names;

 private:
  static std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
    if (is_grouped_product(function)) ++current_->grouped_products_;
    const bool counts = current_->is_within_ && current_->grouped_products_ == 0;
    if (counts && waits(function)) current_->names.emplace_back(function.name());
    return nullptr;
  }
  static void leave(const at::RecordFunction& function, at::ObserverContext*) {
    if (is_grouped_product(function)) --current_->grouped_products_;
  }

  // Where libtorch has no kernel for it (on CPUs, and on GPUs before Hopper or in fp32), it takes
  // the product of one group after another, and reads their sizes on the host.
  static bool is_grouped_product(const at::RecordFunction& function) {
    return function.name() == kGroupedProduct;
  }

  // Operations whose result, or its size, the host has to know, and copies to a device.
  static bool waits(const at::RecordFunction& function) {
    static const std::set<std::string> kNames = {"aten::_local_scalar_dense",
                                                 "aten::item",
                                                 "aten::is_nonzero",
                                                 "aten::nonzero",
                                                 "aten::masked_select",
                                                 "aten::bincount",
                                                 "aten::histc",
                                                 "aten::equal",
                                                 "aten::_unique2"};
    const std::string name = function.name();
    if (kNames.count(name) > 0) return true;
    return name == "aten::to" && moves(function.inputs());
  }

  // Tells whether aten::to is there for the device it names. The backward pass of a cast names the
  // one where its gradient lies already.
  static bool moves(c10::ArrayRef<const c10::IValue> inputs) {
    const auto names_a_device = [](const c10::IValue& input) { return input.isDevice(); };
    const auto dtype = static_cast<std::int64_t>(inputs[0].toTensor().scalar_type());
    const bool casts = inputs[1].isInt() && inputs[1].toInt() != dtype;
    return std::ranges::any_of(inputs, names_a_device) && !casts;
  }

  static inline Waits* current_ = nullptr;
  at::CallbackHandle callback_;
  bool is_within_ = false;
  int grouped_products_ = 0;
};

std::vector<std::string> waits_of(CellConfig cell) {
  std::optional<device::HostExecutesGpuKernels> host;
  device::Place place;
  if (kWithCuda) {
    place = choose_gpu(cell);
  } else {
    host.emplace();
  }
  Engine engine(cell, *world, Engine::BufferCaching::kOn, place);
  engine.load(TestedValues(cell));
  const auto data = data::open_data_set(cell);
  const auto batches = micro_batches_of(cell, *data, 0, *world);
  Waits waits;
  const parallel::ObserveUnits observe(waits);
  engine.step(batches);
  return waits.names;
}

TEST_F(GpuPath, NeverWaitsForTheGpuWithinAMicroStepOfFsdp) {
  if (kSanitized) GTEST_SKIP() << "inputs() reads what libtorch sets in its own debug builds alone";
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
    for (const bool checkpointing : {false, true}) {
      CellConfig cell = cell_of({}, ExpertKernel::kGrouped, dtype);
      cell.activation_checkpointing = checkpointing;
      EXPECT_EQ(waits_of(cell), std::vector<std::string>());
    }
  }
  for (const config::ModelConfig& model :
       {tiny_mixed_model(), tiny_gated_model(), tiny_clamped_model()}) {
    CellConfig cell = cell_of({}, ExpertKernel::kGrouped, Dtype::kFp32);
    cell.model = model;
    EXPECT_EQ(waits_of(cell), std::vector<std::string>()) << model.name;
  }
  // The loop kernel asks for the rows of each expert, once a layer and pass.
  CellConfig loop = cell_of({}, ExpertKernel::kLoop, Dtype::kFp32);
  const auto names = waits_of(loop);
  EXPECT_EQ(std::ranges::count(names, std::string("aten::nonzero")),
            loop.grad_accumulation * loop.model.num_layers * loop.model.num_experts);
}

// Counts the operations that work on tensors' elements: on a GPU each is a kernel or a few.
class Operations {
 public:
  Operations() : callback_(at::addThreadLocalCallback(at::RecordFunctionCallback(enter, leave))) {
    current_ = this;
  }
  ~Operations() {
    at::removeCallback(callback_);
    current_ = nullptr;
  }
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  int count = 0;

 private:
  struct Call {
    std::string name;
    bool calls_others = false;  // that count
  };

  static std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
    current_->calls_.push_back({function.name()});
    return nullptr;
  }
  static void leave(const at::RecordFunction&, at::ObserverContext*) { current_->leave(); }

  // The innermost of calls within one another counts. A grouped product is one operation, whatever
  // it calls where libtorch has no kernel for it.
  void leave() {
    const Call call = std::move(calls_.back());
    calls_.pop_back();
    const bool is_one = call.name == kGroupedProduct || (!call.calls_others && works(call.name));
    if (is_one && !is_within_a_product()) ++count;
    if (!calls_.empty() && (is_one || call.calls_others)) calls_.back().calls_others = true;
  }

  bool is_within_a_product() const {
    return std::ranges::count(calls_, kGroupedProduct, &Call::name) > 0;
  }

  // Nodes of the backward pass, views and allocations do not by themselves.
  static bool works(const std::string& name) {
    static const std::set<std::string> kOthers = {
        "aten::as_strided",   "aten::contiguous", "aten::detach",
        "aten::empty",        "aten::empty_like", "aten::expand",
        "aten::expand_as",    "aten::flatten",    "aten::narrow",
        "aten::permute",      "aten::reshape",    "aten::resolve_conj",
        "aten::select",       "aten::slice",      "aten::t",
        "aten::to",           "aten::transpose",  "aten::unsqueeze",
        "aten::_unsafe_view", "aten::view",       "aten::empty_strided",
        "aten::alias",        "aten::squeeze"};
    const bool is_one = name.starts_with("aten::") || name.starts_with("moebench::");
    return is_one && kOthers.count(name) == 0;
  }

  static inline Operations* current_ = nullptr;
  at::CallbackHandle callback_;
  std::vector<Call> calls_;
};

int operations_of(const CellConfig& cell) {
  const device::HostExecutesGpuKernels host;
  Engine engine(cell, *world, Engine::BufferCaching::kOn, {});
  engine.load(TestedValues(cell));
  const auto data = data::open_data_set(cell);
  const auto batches = micro_batches_of(cell, *data, 0, *world);
  Operations operations;
  engine.step(batches);
  return operations.count;
}

// How many a layer adds to a step. More of them would show on a GPU where layers are small.
TEST_F(GpuPath, LaunchesFewKernelsALayer) {
  if (kWithCuda) GTEST_SKIP() << "attention is made of other operations there";
  for (const auto& [checkpointing, most] : {std::pair{false, 52}, {true, 72}}) {
    CellConfig cell = cell_of({}, ExpertKernel::kGrouped, Dtype::kBf16);
    cell.grad_accumulation = 1;
    cell.activation_checkpointing = checkpointing;
    const int before = operations_of(cell);
    ++cell.model.num_layers;
    const int of_a_layer = operations_of(cell) - before;
    std::printf("%d operations a layer%s\n", of_a_layer,
                checkpointing ? " with activation checkpointing" : "");
    EXPECT_LE(of_a_layer, most);
  }
}

const SkipAllTests skip_without_gpu([]() -> std::string {
  if (!kWithCuda) return "";
  CellConfig cell;
  cell.device = config::Device::kAuto;
  cell.device_collectives = config::DeviceCollectives::kHost;
  const device::Place place = device::choose(cell, *world);
  return place.is_cuda() ? "" : place.reason;
});

}  // namespace
}  // namespace moebench::train
