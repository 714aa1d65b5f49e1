#include "reports/gate/plan.h"

#include <gtest/gtest.h>

#include "reports/gate/test_session.h"

namespace moebench::gate {
namespace {

PlanRequest request_of(const test::TestSession& session) {
  return {.cells = session.input.session.cells, .calibration = session.input.calibration};
}

test::TestSession calibrated() {
  test::TestSession session;
  for (const char* id : {"quiet", "noisy"}) {
    session.plan(id);
    const double scale = id == std::string("noisy") ? 4 : 1;
    for (const double percent : {0.5, -0.7, 0.2, -0.1, 0.6, -0.4}) {
      session.calibrate(id, 100e6, 100e6 * (1 + scale * percent / 100));
    }
  }
  for (auto& run : session.input.calibration)
    run.metrics["run_time"] = {.unit = "ns", .value = 2e9};
  return session;
}

TEST(Plan, NoisierCellsNeedMorePairsAndDecideTheSession) {
  const Plan plan = make_plan(request_of(calibrated()));
  EXPECT_LT(plan.cells[0].noise.value(), plan.cells[1].noise.value());
  EXPECT_LE(plan.cells[0].pairs.value(), plan.cells[1].pairs.value());
  EXPECT_LT(plan.cells[0].smallest.value(), plan.cells[1].smallest.value());
  EXPECT_EQ(plan.pairs, plan.cells[1].pairs);
  EXPECT_DOUBLE_EQ(plan.time_ns.value(), 2 * 2 * 2e9 * *plan.pairs);
}

TEST(Plan, ASmallerEffectNeedsMorePairs) {
  PlanRequest request = request_of(calibrated());
  const int pairs = make_plan(request).pairs.value();
  request.effect = 0.03;
  EXPECT_GT(make_plan(request).pairs.value(), pairs);
  request.effect = 0.02;
  EXPECT_EQ(make_plan(request).pairs, std::nullopt) << "the estimate must exceed +2 % as well";
}

TEST(Plan, WithoutACalibrationTheNoiseMayBeGiven) {
  test::TestSession session;
  session.plan("a");
  PlanRequest request = request_of(session);
  EXPECT_EQ(make_plan(request).pairs, std::nullopt);
  EXPECT_EQ(make_plan(request).cells[0].noise, std::nullopt);
  request.noise = 0.01;
  EXPECT_GT(make_plan(request).pairs.value(), 2);
  EXPECT_EQ(make_plan(request).time_ns, std::nullopt);
  request.cells.clear();
  EXPECT_EQ(make_plan(request).pairs, std::nullopt);
}

}  // namespace
}  // namespace moebench::gate
