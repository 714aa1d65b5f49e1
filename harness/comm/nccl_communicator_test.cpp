// NCCL's communicator on a device and an NCCL that do nothing but what the test says: what is
// called when, and what happens when something fails. What GPUs do is for
// device_communicator_gpu_test.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "harness/comm/device_communicators.h"
#include "harness/comm/device_runtime_fake.h"
#include "harness/comm/nccl_fake.h"
#include "harness/measure/clock.h"
#include "harness/testing/error_of.h"
#include "harness/testing/wait_until.h"

namespace moebench::comm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

NcclFake& new_fake() {
  void* library = ::dlopen(MOEBENCH_NCCL_FAKE, RTLD_NOW);
  return *reinterpret_cast<NewNcclFake>(::dlsym(library, "moebench_nccl_fake"))();
}

class NcclTest : public ::testing::Test {
 protected:
  NcclTest() {
    ::unsetenv("NCCL_LAUNCH_ORDER_IMPLICIT");
    options_.sum_in_fp32 = false;  // NCCL's own sum: no kernel, and so no GPU
    options_.abort_grace_s = 3600;
  }

  void make(double time_limit_s = 3600) {
    options_.time_limit_s = time_limit_s;
    nccl_ = load_nccl(MOEBENCH_NCCL_FAKE);
    group_ = nccl_communicator(*host_, options_, nccl_, runtime_);
  }
  std::unique_ptr<Pending> start_all_gather() {
    return group_->start_all_gather(buffer_, buffer_ + 32, 32);
  }
  void wait_for_abort() {
    wait_until([this] { return fake_.aborts > 0; });
  }

  NcclFake& fake_ = new_fake();
  FakeDeviceRuntime runtime_;
  std::unique_ptr<Communicator> host_ = self_communicator();
  DeviceOptions options_;
  NcclLibrary nccl_{};
  std::unique_ptr<Communicator> group_;
  char buffer_[64] = {};
};

TEST_F(NcclTest, OrdersCollectivesBehindTheComputationAndBeforeWhatFollows) {
  make();
  auto pending = start_all_gather();
  pending->wait();
  // Stream 0 computes, 1 is the group's; event 1 is the computation's end, 2 the beginning of the
  // collective and 3 its end.
  EXPECT_THAT(runtime_.log(), ElementsAre("record 1 in 0", "hold 1 by 1", "record 2 in 1",
                                          "record 3 in 1", "hold 0 by 3"));
  group_.reset();
  EXPECT_EQ(fake_.destroyed, 1);
  EXPECT_EQ(fake_.misuses, 0);
}

TEST_F(NcclTest, HandsOverTheCollectivesOfSeveralGroupsInTheOrderOfTheirCalls) {
  make();
  const auto other = nccl_communicator(*host_, options_, nccl_, runtime_);
  const std::int64_t bytes = 8;
  auto first = start_all_gather();
  auto second = other->start_all_to_all(buffer_, {&bytes, 1}, buffer_ + 32, {&bytes, 1});
  auto third = group_->start_reduce_scatter(buffer_, buffer_ + 32, 8, ElementType::kFp32, false);
  auto fourth = other->start_all_reduce(buffer_, buffer_ + 32, 8, ElementType::kBf16, false);
  EXPECT_THAT(fake_.calls,
              ElementsAre("ncclAllGather 0", "ncclSend 1", "ncclRecv 1", "ncclReduceScatter 0",
                          "ncclReduceScatter 1", "ncclAllGather 1"));
  EXPECT_EQ(fake_.launch_order, "1");
}

TEST_F(NcclTest, LeavesALaunchOrderThatIsSetAlone) {
  ::setenv("NCCL_LAUNCH_ORDER_IMPLICIT", "0", 1);
  make();
  EXPECT_EQ(fake_.launch_order, "0");
}

TEST_F(NcclTest, NamesTheCallThatFails) {
  make();
  fake_.on_call = [](const std::string&) { return nccl::kSystemError; };
  EXPECT_THAT(
      error_of([&] { start_all_gather(); }),
      AllOf(HasSubstr("ncclAllGather: unhandled system error"), HasSubstr("the last words")));
}

// The error comes while a collective is being handed over, which must end before the communicator
// may go.
TEST_F(NcclTest, DoesNotAbortUnderACallInProgress) {
  make();
  fake_.on_call = [this](const std::string&) {
    fake_.asynchronous_error = nccl::kRemoteError;
    const int polls = fake_.polls;
    wait_until([&] { return fake_.polls > polls; });
    const measure::Stopwatch watch;
    wait_until([&] { return fake_.aborts > 0 || watch.elapsed_ns() > 100'000'000; });
    return nccl::kSuccess;
  };
  auto pending = start_all_gather();
  wait_for_abort();
  EXPECT_EQ(fake_.misuses, 0);
}

TEST_F(NcclTest, UsesNothingOfACommunicatorThatWasAborted) {
  make();
  fake_.asynchronous_error = nccl::kRemoteError;
  wait_for_abort();
  const std::int64_t bytes = 8;
  for (const std::function<void()>& use : std::vector<std::function<void()>>{
           [&] { start_all_gather(); },
           [&] { group_->start_reduce_scatter(buffer_, buffer_, 8, ElementType::kFp32, false); },
           [&] { group_->start_all_reduce(buffer_, buffer_, 8, ElementType::kFp32, false); },
           [&] {
             group_->start_all_to_all(buffer_, {&bytes, 1}, buffer_, {&bytes, 1});
           },
           [&] { group_->throw_if_failed(); }}) {
    EXPECT_THAT(error_of(use), HasSubstr("NCCL was aborted: remote process exited"));
  }
  group_.reset();
  EXPECT_EQ(fake_.destroyed, 0);
  EXPECT_EQ(fake_.misuses, 0);
  EXPECT_THAT(fake_.calls, ElementsAre());
}

// It is as at the end of a step: the abort has ended the stream's work, and no collective follows.
TEST_F(NcclTest, TellsOfAnAbortBehindTheLastCollective) {
  make(/*time_limit_s=*/0.02);
  runtime_.reach(2);
  start_all_gather()->wait();
  wait_for_abort();
  EXPECT_THAT(error_of([&] { group_->throw_if_failed(); }),
              HasSubstr("NCCL was aborted: all_gather did not end within 0.0 s"));
}

TEST_F(NcclTest, TellsOfAnErrorThatTheWatchdogHasNotSeenYet) {
  make();
  EXPECT_EQ(error_of([&] { group_->throw_if_failed(); }), "no error");
  fake_.asynchronous_error = nccl::kRemoteError;
  EXPECT_THAT(error_of([&] { group_->throw_if_failed(); }), HasSubstr("remote process exited"));
}

TEST_F(NcclTest, CountsTheTimeLimitFromTheBeginningOfACollective) {
  make(/*time_limit_s=*/0.02);
  runtime_.reach(0);  // The computation before it takes its time.
  const auto pending = start_all_gather();
  const int polls = fake_.polls;
  const measure::Stopwatch watch;
  wait_until([&] { return fake_.polls > polls + 10 && watch.elapsed_ns() > 60'000'000; });
  EXPECT_EQ(fake_.aborts, 0);
  EXPECT_EQ(error_of([&] { group_->throw_if_failed(); }), "no error");
  runtime_.reach(2);
  wait_for_abort();
}

TEST(NcclLibrary, IsLoadedOrSaysHowToGetIt) {
  EXPECT_EQ(load_nccl(MOEBENCH_NCCL_FAKE).version(), "NCCL 2.28.9");
  EXPECT_THAT(error_of([] { use_shared_nccl(MOEBENCH_NCCL_FAKE); }),
              AllOf(HasSubstr("NCCL 2.28.9 does not let ranks share a GPU"),
                    HasSubstr("tools/setup --cuda")));
  EXPECT_THAT(error_of([] { load_nccl("libno-nccl.so"); }),
              AllOf(HasSubstr("libno-nccl.so"), HasSubstr("tools/setup --cuda")));
  EXPECT_THAT(error_of([] { load_nccl("libm.so.6"); }),
              AllOf(HasSubstr("no ncclGetVersion"), HasSubstr("install NCCL 2.28 or newer")));
  EXPECT_THAT(error_of([] { load_nccl(MOEBENCH_NCCL_FAKE_OLD); }),
              HasSubstr("NCCL 2.25.3 is too old"));
}

}  // namespace
}  // namespace moebench::comm
