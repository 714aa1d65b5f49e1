#include "reports/gate/gated_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"

namespace moebench::gate {
namespace {

using config::Measure;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string error_for(const std::string& name, Measure measure = Measure::kTrain) {
  return error_of([&] { check_gated_metric(name, measure); });
}

TEST(GatedMetrics, TimesRatesMemoryAndEnergyCanBeGated) {
  for (const char* name : {"step_time", "runtime", "tokens_per_second", "load_time", "rss_peak",
                           "phase_time_attention_backward", "process_gpu_energy"}) {
    EXPECT_EQ(error_for(name), "no error") << name;
  }
  EXPECT_EQ(error_for("load_stage.read", Measure::kLoad), "no error");
}

TEST(GatedMetrics, AWrongNameIsRefusedWithWhatWasMeant) {
  EXPECT_THAT(error_for("step_tiem"), AllOf(HasSubstr("--metric: no metric 'step_tiem'"),
                                            HasSubstr("did you mean 'step_time'?")));
  EXPECT_THAT(error_for("foo"), HasSubstr("no metric 'foo'"));
  EXPECT_THAT(error_for(""), HasSubstr("no metric ''"));
  EXPECT_THAT(error_for(std::string(500, 'x')), HasSubstr("500"));
}

TEST(GatedMetrics, WhatHasNoNumberOrNoDirectionIsRefused) {
  EXPECT_THAT(error_for("tokens_per_expert"), HasSubstr("has no number for a run"));
  EXPECT_THAT(error_for("phase_time_*"), HasSubstr("has no number for a run"));
  EXPECT_THAT(error_for("mem_peak"), HasSubstr("judged in every session"));
  EXPECT_THAT(error_for("gemm_share"), HasSubstr("--require"));
  EXPECT_THAT(error_for("grad_norm"), HasSubstr("which way it is worse"));
}

TEST(GatedMetrics, WhatTheCellsDoNotMeasureIsRefused) {
  EXPECT_THAT(error_for("step_time", Measure::kLoad), HasSubstr("nothing is trained"));
  EXPECT_THAT(error_for("load_stage.read"), HasSubstr("measure: load"));
}

}  // namespace
}  // namespace moebench::gate
