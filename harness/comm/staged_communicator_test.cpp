#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "harness/comm/device_communicators.h"
#include "harness/comm/device_runtime_fake.h"

namespace moebench::comm {
namespace {

using ::testing::Each;

class StagedTest : public ::testing::Test {
 protected:
  FakeDeviceRuntime runtime_;
  std::unique_ptr<Communicator> host_ = self_communicator();
  std::unique_ptr<Communicator> group_ = staged_communicator(*host_, {}, runtime_);
};

TEST_F(StagedTest, MovesWhatTheHostsGroupDoes) {
  const std::vector<float> send = {1, 2, 3};
  std::vector<float> receive = {10, 20, 30};
  group_->reduce_scatter(send.data(), receive.data(), 3, ElementType::kFp32, /*accumulate=*/true);
  EXPECT_EQ(receive, std::vector<float>({11, 22, 33}));
  group_->all_reduce(send.data(), receive.data(), 3, ElementType::kFp32, /*accumulate=*/true);
  EXPECT_EQ(receive, std::vector<float>({12, 24, 36}));
  group_->all_gather(send.data(), receive.data(), 12);
  EXPECT_EQ(receive, send);
  const std::int64_t bytes = 8;
  std::fill(receive.begin(), receive.end(), 0);
  group_->all_to_all(send.data(), {&bytes, 1}, receive.data(), {&bytes, 1});
  EXPECT_EQ(receive, std::vector<float>({1, 2, 0}));
}

// Units of a model take turns in its host memory, which nobody clears between them.
TEST_F(StagedTest, KeepsItsMemoryAndContentThroughSmallerMessages) {
  const std::vector<char> send(10'000, 'x');
  std::vector<char> receive(send.size());
  for (const std::int64_t bytes : {10'000, 10, 10'000}) {
    group_->all_gather(send.data(), receive.data(), bytes);
  }
  ASSERT_EQ(runtime_.fetched().size(), 3u);
  EXPECT_EQ(runtime_.fetched()[2].to, runtime_.fetched()[0].to);
  EXPECT_THAT(runtime_.fetched()[2].before, Each('x'));
}

}  // namespace
}  // namespace moebench::comm
