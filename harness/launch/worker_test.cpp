#include "harness/launch/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/temporary_folder.h"
#include "harness/testing/error_of.h"

namespace moebench::launch {
namespace {

TEST(FindWorker, MissingWorkerSaysTheRemedy) {
  const TemporaryFolder empty;
  ::setenv("MOEBENCH_RANK_PROGRAM", (empty.path() / "worker").c_str(), 1);
  EXPECT_THAT(error_of([] { find_worker(); }), ::testing::HasSubstr("MOEBENCH_RANK_PROGRAM"));
  ::unsetenv("MOEBENCH_RANK_PROGRAM");
}

}  // namespace
}  // namespace moebench::launch
