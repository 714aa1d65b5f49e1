#include "harness/launch/machine_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"
#include "harness/testing/fake_worker.h"

namespace moebench::launch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RunProbe : public ::testing::Test {
 protected:
  ProbeRequest request(std::int64_t ranks) const {
    ProbeRequest request;
    request.worker = worker_.program();
    request.ranks = ranks;
    request.place = read_launch_place();
    return request;
  }

  TemporaryFolder folder_;
  FakeWorker worker_{folder_.path() / "worker", 1};
};

TEST_F(RunProbe, GivesEveryRanksResult) {
  for (const std::int64_t ranks : {1, 2}) {
    const auto results = run_probe(request(ranks));
    ASSERT_TRUE(results.has_value());
    EXPECT_EQ(std::ssize(*results), ranks);
    EXPECT_EQ(results->back().rank, ranks - 1);
  }
}

TEST_F(RunProbe, SaysWhatAFailedRankSaid) {
  const auto error = [&] { return error_of([&] { run_probe(request(2)); }); };
  worker_.set_mode("memory");
  EXPECT_THAT(error(), HasSubstr("rank 1: cannot allocate 1 TB"));
  worker_.set_mode("crash");
  EXPECT_THAT(error(),
              AllOf(HasSubstr("rank 1 ended with exit code 7"), HasSubstr("the worker gives up")));
}

}  // namespace
}  // namespace moebench::launch
