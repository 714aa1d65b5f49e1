// Collectives on device memory. Started alone it tests NCCL in a group of one; under mpirun, on one
// GPU that the ranks share, the way through the host, and with NCCL_MULTI_RANK_GPU_ENABLE=1 the
// NCCL that lets them; on as many GPUs as ranks, NCCL between them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/base/bfloat16.h"
#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/comm/device_communicator.h"
#include "harness/comm/host_ranks.h"
#include "harness/comm/nccl_library.h"
#include "harness/testing/ranks/ranks.h"
#include "kernels/gpu/device_array.h"

namespace moebench::comm {
namespace {

using kernels::check_cuda;
using kernels::DeviceArray;

class DeviceCommunicatorTest : public ::testing::TestWithParam<DeviceTransport> {
 protected:
  void SetUp() override {
    int devices = 0;
    check_cuda(cudaGetDeviceCount(&devices), "cudaGetDeviceCount");
    const HostRanks host = host_ranks(*world);
    if (GetParam() == DeviceTransport::kNccl && host.group->size() > devices) {
      if (environment_variable("NCCL_MULTI_RANK_GPU_ENABLE") != "1") {
        GTEST_SKIP() << host.group->size() << " ranks have " << devices
                     << " GPUs; NCCL wants one each";
      }
      [[maybe_unused]] static const bool is_shared = (use_shared_nccl(), true);
    }
    options_.transport = GetParam();
    options_.device = host.group->rank() % devices;
    check_cuda(cudaSetDevice(options_.device), "cudaSetDevice");
  }

  std::unique_ptr<Communicator> make() { return world->on_device(options_); }
  static void synchronize() { check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize"); }

  DeviceOptions options_;
};

TEST_P(DeviceCommunicatorTest, AllGathersOverlapAndOrderByRank) {
  const auto group = make();
  constexpr std::int64_t kBytes = 1'000'003;
  const int n = group->size();
  std::vector<std::unique_ptr<DeviceArray<char>>> received;
  std::vector<std::unique_ptr<Pending>> pending;
  const DeviceArray<char> first(std::vector<char>(kBytes, static_cast<char>('a' + group->rank())));
  for (int i = 0; i < 3; ++i) {
    received.push_back(std::make_unique<DeviceArray<char>>(kBytes * n));
    pending.push_back(group->start_all_gather(const_cast<DeviceArray<char>&>(first).data(),
                                              received.back()->data(), kBytes));
  }
  for (auto& one : pending) one->wait();
  synchronize();
  for (const auto& all : received) {
    const std::vector<char> values = all->values();
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(values[i], static_cast<char>('a' + i / kBytes));
    }
  }
}

template <typename T>
void expect_sums(Communicator& group, ElementType type, bool accumulate) {
  const std::int64_t count = 4099;
  const int n = group.size();
  std::vector<T> values(static_cast<std::size_t>(count * n));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = from_float<T>(static_cast<float>(static_cast<int>(i % 31) + group.rank()));
  }
  DeviceArray<T> send(values);
  DeviceArray<T> receive(std::vector<T>(static_cast<std::size_t>(count), from_float<T>(2.0f)));
  group.start_reduce_scatter(send.data(), receive.data(), count, type, accumulate)->wait();
  check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  const std::vector<T> sums = receive.values();
  for (std::int64_t i = 0; i < count; ++i) {
    float expected = accumulate ? 2.0f : 0.0f;
    for (int r = 0; r < n; ++r) {
      expected += static_cast<float>((group.rank() * count + i) % 31 + r);
    }
    ASSERT_EQ(to_float(sums[static_cast<std::size_t>(i)]), expected) << i;
  }
}

TEST_P(DeviceCommunicatorTest, ReduceScatterSumsOwnPart) {
  for (const bool in_fp32 : {true, false}) {
    options_.sum_in_fp32 = in_fp32;
    const auto group = make();
    for (const bool accumulate : {false, true}) {
      expect_sums<float>(*group, ElementType::kFp32, accumulate);
      expect_sums<Bfloat16>(*group, ElementType::kBf16, accumulate);
    }
  }
}

template <typename T>
void expect_sums_everywhere(Communicator& group, ElementType type, bool accumulate, bool in_place) {
  const int n = group.size();
  const std::int64_t count = 4099 * n;
  std::vector<T> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = from_float<T>(static_cast<float>(static_cast<int>(i % 31) + group.rank()));
  }
  DeviceArray<T> send(values);
  DeviceArray<T> receive(std::vector<T>(values.size(), from_float<T>(2.0f)));
  DeviceArray<T>& out = in_place ? send : receive;
  group.all_reduce(send.data(), out.data(), count, type, accumulate);
  check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  const std::vector<T> sums = out.values();
  for (std::int64_t i = 0; i < count; ++i) {
    float expected = accumulate ? 2.0f : 0.0f;
    for (int r = 0; r < n; ++r) expected += static_cast<float>(i % 31 + r);
    ASSERT_EQ(to_float(sums[static_cast<std::size_t>(i)]), expected) << i;
  }
}

TEST_P(DeviceCommunicatorTest, AllReduceSumsEverywhere) {
  for (const bool in_fp32 : {true, false}) {
    options_.sum_in_fp32 = in_fp32;
    const auto group = make();
    expect_sums_everywhere<float>(*group, ElementType::kFp32, true, false);
    expect_sums_everywhere<Bfloat16>(*group, ElementType::kBf16, false, false);
    expect_sums_everywhere<float>(*group, ElementType::kFp32, false, true);
    expect_sums_everywhere<Bfloat16>(*group, ElementType::kBf16, false, true);
  }
}

// Rank r sends (r + 1) x d bytes to rank d and r + 1 to itself.
TEST_P(DeviceCommunicatorTest, AllToAllMovesUnequalAndEmptyPieces) {
  const auto group = make();
  const int n = group->size(), me = group->rank();
  std::vector<std::int64_t> send_bytes, receive_bytes;
  std::vector<char> send, expected;
  for (int peer = 0; peer < n; ++peer) {
    send_bytes.push_back((me + 1) * peer);
    receive_bytes.push_back((peer + 1) * me);
    send.insert(send.end(), static_cast<std::size_t>(send_bytes.back()),
                static_cast<char>(10 * me + peer));
    expected.insert(expected.end(), static_cast<std::size_t>(receive_bytes.back()),
                    static_cast<char>(10 * peer + me));
  }
  DeviceArray<char> from(send);
  DeviceArray<char> to(static_cast<std::int64_t>(expected.size()));
  group->start_all_to_all(from.data(), send_bytes, to.data(), receive_bytes)->wait();
  synchronize();
  EXPECT_EQ(to.values(), expected);
}

TEST_P(DeviceCommunicatorTest, HasTheHostForTheRest) {
  const auto group = make();
  EXPECT_EQ(&group->host(), world.get());
  double one = 1;
  group->all_reduce_sum({&one, 1});
  EXPECT_EQ(one, group->size());
  group->barrier();
  EXPECT_THROW(group->split(0), Error);
}

INSTANTIATE_TEST_SUITE_P(Transports, DeviceCommunicatorTest,
                         ::testing::Values(DeviceTransport::kNccl, DeviceTransport::kHost),
                         [](const auto& test) {
                           return test.param == DeviceTransport::kNccl ? "Nccl" : "Host";
                         });

const SkipAllTests skip_without_gpu(kernels::why_no_device);

}  // namespace
}  // namespace moebench::comm
