#include "harness/cluster/job_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"

namespace moebench::cluster {
namespace {

using ::testing::HasSubstr;

config::CellConfig cell(std::int64_t ranks, std::int64_t nodes = 0) {
  config::CellConfig cell;
  cell.ranks = ranks;
  cell.nodes = nodes;
  cell.ranks_per_node = nodes > 0 ? ranks / nodes : 0;
  return cell;
}

TEST(JobShape, IsTheMostThatACellAsksFor) {
  config::CellConfig wide = cell(8, 4), threads = cell(1);
  threads.threads_per_rank = 16;
  EXPECT_EQ(job_shape({wide, cell(3), threads}, std::nullopt),
            (JobShape{.nodes = 4, .ranks_per_node = 3, .threads_per_rank = 16}));
}

TEST(JobShape, SpreadsCellsThatDoNotSayHow) {
  EXPECT_EQ(job_shape({cell(8)}, 3), (JobShape{.nodes = 3, .ranks_per_node = 3}));
  EXPECT_EQ(job_shape({cell(8)}, std::nullopt), (JobShape{.nodes = 1, .ranks_per_node = 8}));
  EXPECT_EQ(job_shape({cell(4, 2)}, 3), (JobShape{.nodes = 3, .ranks_per_node = 2}));
  EXPECT_THAT(error_of([] { job_shape({cell(4, 4)}, 3); }), HasSubstr("asks for 4 nodes"));
}

TEST(JobShape, HasGpusWhereACellNeedsThem) {
  config::CellConfig gpu = cell(4, 2), alone = cell(8);
  gpu.device = config::Device::kCuda;
  alone.device = config::Device::kCuda;
  alone.load.one_rank = 3;
  EXPECT_EQ(job_shape({gpu, cell(6)}, std::nullopt).gpus_per_node, 2);
  EXPECT_EQ(job_shape({alone}, std::nullopt),
            (JobShape{.nodes = 1, .ranks_per_node = 1, .gpus_per_node = 1}))
      << "a rank that is played alone";
}

}  // namespace
}  // namespace moebench::cluster
