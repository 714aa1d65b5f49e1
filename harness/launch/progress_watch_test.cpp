#include "harness/launch/progress_watch.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace moebench::launch {
namespace {

using std::chrono::seconds;

const ProgressWatch::Clock::time_point kStart{};

TEST(ProgressWatch, NamesThePhaseThatStandsStill) {
  ProgressWatch watch(60, kStart);
  EXPECT_EQ(watch.complaint(kStart + seconds(60)), "");
  EXPECT_EQ(watch.complaint(kStart + seconds(61)),
            "no progress for 60 s while it started (launcher, MPI, libraries); where that is no "
            "hang, allow more by progress_limit_s");
  watch.note({.phase = "steps", .step = 3, .of = 10}, kStart + seconds(100));
  EXPECT_EQ(watch.complaint(kStart + seconds(160)), "");
  EXPECT_EQ(watch.complaint(kStart + seconds(161)),
            "no progress for 60 s in phase 'steps' after 3 of 10; where that is no hang, allow "
            "more by progress_limit_s");
}

TEST(ProgressWatch, NoLimitIsNone) {
  EXPECT_EQ(ProgressWatch(0, kStart).complaint(kStart + seconds(1'000'000)), "");
}

config::CellConfig layered_cell(std::int64_t layers) {
  config::CellConfig cell;
  cell.model = {.name = "m",
                .hidden_size = 4096,
                .intermediate_size = 14336,
                .num_layers = layers,
                .num_experts = 8,
                .top_k = 2,
                .num_heads = 32,
                .num_kv_heads = 8,
                .head_dim = 128,
                .vocab_size = 256};
  return cell;
}

TEST(ProgressLimit, IsTheCellsOrComesFromItsWork) {
  config::CellConfig cell = layered_cell(1);
  const double one_layer = progress_limit_s(cell);
  EXPECT_GT(one_layer, 600);
  EXPECT_GT(progress_limit_s(layered_cell(32)), 10 * (one_layer - 600));
  config::CellConfig gpu = cell;
  gpu.device = config::Device::kCuda;
  EXPECT_LT(progress_limit_s(gpu), one_layer);
  config::CellConfig saved = gpu;
  saved.checkpoint_every = 1;
  EXPECT_GT(progress_limit_s(saved), progress_limit_s(gpu));
  EXPECT_EQ(progress_limit_note({cell, cell}),
            fmt::format("a repetition is ended after {:g} s without progress (progress_limit_s)",
                        one_layer));
  cell.progress_limit_s = 2.5;
  EXPECT_EQ(progress_limit_s(cell), 2.5);
  cell.progress_limit_s = 0;
  EXPECT_EQ(progress_limit_s(cell), 0);
  EXPECT_EQ(progress_limit_note({cell}), "no repetition is ended for want of progress");
}

}  // namespace
}  // namespace moebench::launch
