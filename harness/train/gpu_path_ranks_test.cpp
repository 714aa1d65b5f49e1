// The engine's path for GPUs trains as its path for CPUs does. With CUDA on a GPU, which the ranks
// share; in a build without it on the CPU, where the host executor runs the kernels for GPUs.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "harness/base/error.h"
#include "harness/device/device.h"
#include "harness/device/kernel_path.h"
#include "harness/train/parity_support.h"

namespace moebench::train {
namespace {

using config::Dtype;
using config::ExpertKernel;

#ifdef MOEBENCH_WITH_CUDA
constexpr bool kWithCuda = true;
#else
constexpr bool kWithCuda = false;
#endif

class GpuPath : public ::testing::Test {
 protected:
  static Trained train_by_gpu_path(CellConfig cell) {
    if (kWithCuda) {
      cell.device = config::Device::kCuda;
      cell.device_collectives = config::DeviceCollectives::kHost;
      return train(cell, *world, device::choose(cell, *world));
    }
    const device::HostExecutesGpuKernels host;
    return train(cell, *world);
  }

  static CellConfig cell_of(std::int64_t ep_degree, ExpertKernel kernel, Dtype dtype) {
    CellConfig cell = tiny_cell();
    cell.dtype = dtype;
    cell.ranks = world->size();
    cell.parallelism = ep_degree == 1 ? config::Parallelism::kFsdp : config::Parallelism::kEp;
    cell.ep_degree = ep_degree;
    cell.expert_kernel = kernel;
    cell.grad_accumulation = 2;
    return cell;
  }

  static void expect_like_the_cpu(const CellConfig& cell) {
    SCOPED_TRACE(cell.canonical_text());
    const Bounds& bounds = cell.dtype == Dtype::kFp32 ? kFp32 : kBf16;
    expect_same(train_by_gpu_path(cell), reference(cell), bounds);
  }
};

TEST_F(GpuPath, TrainsAsTheCpuDoes) {
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
    for (const ExpertKernel kernel : {ExpertKernel::kLoop, ExpertKernel::kGrouped}) {
      for (std::int64_t ep_degree = 1; ep_degree <= world->size(); ep_degree *= 2) {
        expect_like_the_cpu(cell_of(ep_degree, kernel, dtype));
      }
    }
  }
}

TEST_F(GpuPath, TrainsAsTheCpuDoesInEverySchedule) {
  for (std::int64_t ep_degree = 1; ep_degree <= world->size(); ep_degree *= 2) {
    for (const std::int64_t prefetch : {0, 1, 2}) {
      CellConfig cell = cell_of(ep_degree, ExpertKernel::kGrouped, Dtype::kFp32);
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
    CellConfig cell = cell_of(world->size(), ExpertKernel::kGrouped, Dtype::kFp32);
    cell.routing = {config::RoutingKind::kSkewed, skew, ""};
    expect_like_the_cpu(cell);
  }
}

}  // namespace

// Why the tests cannot run; empty where they can.
std::string why_not() {
  if (!kWithCuda) return "";
  CellConfig cell;
  cell.device = config::Device::kAuto;
  cell.device_collectives = config::DeviceCollectives::kHost;
  const device::Place place = device::choose(cell, *world);
  return place.is_cuda() ? "" : place.reason;
}

}  // namespace moebench::train

int main(int argc, char** argv) {
  at::set_num_threads(1);
  moebench::train::world = moebench::comm::mpi_world();
  const std::string reason = moebench::train::why_not();
  if (!reason.empty()) {
    std::printf("skipped: %s\n", reason.c_str());
    return 77;
  }
  ::testing::InitGoogleTest(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  moebench::train::world.reset();
  return failed;
}
