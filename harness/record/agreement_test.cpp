#include "harness/record/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace moebench::record {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Two steps of a run: every projection, every norm of three layers and the root as given by step.
struct Steps {
  double projection[2] = {1, 2};
  double norm[2] = {0.5, 0.25};
  double loss[2] = {5, 4};
  double token_noise = 1e-7;
  double norm_noise = 1e-7;
  double by_ties = 0;
};

CellRecord measured(const Steps& steps, const char* dtype = "fp32") {
  CellRecord record;
  record.axes = {{"dtype", dtype}};
  const auto put = [&](const char* name, std::size_t width, double first, double second) {
    Metric& metric = record.metrics[name];
    metric.samples.assign(2 * width, first);
    std::fill(metric.samples.begin() + static_cast<std::ptrdiff_t>(width), metric.samples.end(),
              second);
  };
  put("token_loss_projections", kTokenLossProjections, steps.projection[0], steps.projection[1]);
  put("layer_grad_norms", 4, steps.norm[0], steps.norm[1]);
  put("first_losses", 1, steps.loss[0], steps.loss[1]);
  put("token_loss_noise", 1, steps.token_noise, steps.token_noise);
  put("layer_grad_noise", 1, steps.norm_noise, steps.norm_noise);
  put("token_loss_by_ties", 1, steps.by_ties, steps.by_ties);
  put("loss", 1, 5, 4);
  record.metrics["loss_tokens"].value = 200;  // 100 a step
  return record;
}

std::string apart(const CellRecord& run, const CellRecord& reference) {
  const auto found = disagreement(run, reference);
  return found ? found->quantity() : "";
}

TEST(Disagreement, IsNoneWithinTheMeasuredNoise) {
  Steps other;
  other.projection[1] += 2e-7;
  other.norm[0] *= 1 + 2e-7;
  other.loss[1] -= 2e-7;
  EXPECT_EQ(apart(measured(other), measured({})), "");
  EXPECT_EQ(apart(measured({}), measured({})), "");
}

TEST(Disagreement, NamesQuantityAndStep) {
  Steps losses, norms, loss;
  losses.projection[0] += 1e-3;
  norms.norm[1] *= 1.001;
  loss.loss[1] += 1e-3;
  EXPECT_EQ(apart(measured(losses), measured({})), "token losses of step 1");
  EXPECT_EQ(apart(measured(norms), measured({})), "gradient norms of the layers of step 2");
  EXPECT_EQ(apart(measured(loss), measured({})), "loss of step 2");
  const auto found = disagreement(measured(losses), measured({}));
  EXPECT_NEAR(found->difference, 1e-3, 1e-9);
  EXPECT_LT(found->allowed, 1e-4);
}

TEST(Disagreement, IsJudgedByTheNoiseOfBoth) {
  Steps other;
  other.projection[0] += 1e-3;
  other.loss[0] += 1e-3;
  Steps noisy = other;
  noisy.token_noise = 1e-3;
  Steps noisy_reference;
  noisy_reference.token_noise = 1e-3;
  EXPECT_EQ(apart(measured(noisy), measured(noisy_reference)), "");
  // A fault that comes and goes makes its own arm noisy.
  EXPECT_NE(apart(measured(noisy), measured({})), "");
}

// Later steps than the first two are not compared: rounding has grown there.
TEST(Disagreement, LeavesLaterStepsAlone) {
  CellRecord late = measured({});
  late.metrics["loss"].samples = {5, 9};
  EXPECT_EQ(apart(late, measured({})), "");
}

TEST(Disagreement, WhatIsNoNumberIsOne) {
  Steps losses, norms;
  losses.projection[1] = kNan;
  norms.norm[0] = kNan;
  EXPECT_THAT(apart(measured(losses), measured({})), StartsWith("token losses of step 2"));
  EXPECT_THAT(apart(measured(norms), measured({})), StartsWith("gradient norms"));
}

TEST(Disagreement, TellsATieFromAFault) {
  Steps tied;
  tied.by_ties = 0.01;
  Steps other = tied;
  other.projection[0] += 5e-3;
  EXPECT_EQ(apart(measured(other), measured(tied)), "");
  other.projection[0] += 1e-2;
  EXPECT_NE(apart(measured(other), measured(tied)), "");
  other.by_ties = tied.by_ties = 0;
  other.projection[0] -= 1e-2;
  EXPECT_NE(apart(measured(other), measured(tied)), "");
}

CellRecord old(const char* dtype, std::vector<double> loss, std::vector<double> norms) {
  CellRecord record;
  record.axes = {{"dtype", dtype}};
  record.metrics["loss"].samples = std::move(loss);
  record.metrics["grad_norm"].samples = std::move(norms);
  return record;
}

TEST(Disagreement, OfRecordsWithoutNoiseIsThatOfTheirFirstSteps) {
  const CellRecord reference = old("fp32", {2, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1});
  EXPECT_EQ(apart(old("fp32", {2, 1 + 5e-6, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}), reference), "");
  EXPECT_EQ(apart(old("fp32", {2, 1.001, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}), reference),
            "loss of measured step 2");
  EXPECT_EQ(apart(old("fp32", {2, 1, 1, 1, 1, 1}, {1, 1, 1.001, 1, 1, 1}), reference),
            "grad_norm of measured step 3");
  EXPECT_EQ(apart(old("fp32", {2, 1, 1, 1, 1, 1.5}, {1, 1, 1, 1, 1, 9}), reference), "");
  EXPECT_EQ(apart(old("fp32", {2, kNan, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}), reference),
            "loss of measured step 2");
  // One of the two has measured its noise, which is not enough.
  EXPECT_EQ(apart(measured({}), old("fp32", {5, 4}, {})), "");
}

TEST(LossBound, IsWiderWhereAStepOfBf16HasFewTokens) {
  CellRecord record = old("bf16", {2, 1}, {1, 1});
  const auto with_tokens = [&](double tokens) {
    record.metrics["loss_tokens"].value = 2 * tokens;
    return loss_bound(record).loss;
  };
  EXPECT_EQ(with_tokens(8192), 5e-4);
  EXPECT_EQ(with_tokens(2048), 5e-4);
  EXPECT_EQ(with_tokens(512), 1e-3);
}

}  // namespace
}  // namespace moebench::record
