// Seeded: the same on every run. What is promised is judged by chance's own limits for the small
// number of matrices: none may be broken.
#include "reports/gate/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/pairwise.h"
#include "reports/write/format.h"

namespace moebench::gate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kMatrices = 200;
constexpr std::uint64_t kSeed = 20240601;

void expect_not_broken(const PromisedCase& promised, int matrices) {
  const SimulatedResult result = simulate(promised.simulated, matrices, kSeed);
  EXPECT_EQ(result.matrices, matrices);
  EXPECT_NE(check_promise(promised, result), Promise::kBroken)
      << print(simulation_document({promised}, {result}), reports::Format::kMarkdown);
}

TEST(Simulation, BreaksNoPromise) {
  constexpr int kPairs = kSanitized ? 2000 : 8000;  // of all matrices of a case
  for (const PromisedCase& promised : promised_cases()) {
    const SimulatedCase& simulated = promised.simulated;
    const int most_pairs = simulated.looks.back() << simulated.extensions;
    expect_not_broken(promised, kPairs / (simulated.cells * most_pairs));
  }
}

TEST(Simulation, FewCellsKeepTheErrorRateToo) {
  for (const int cells : {1, 4, 8}) {
    for (const int calibration_pairs : {0, 6}) {
      expect_not_broken({{.cells = cells,
                          .run_noise = 0.03,
                          .looks = {3},
                          .calibration_pairs = calibration_pairs,
                          .slowdown = 0}},
                        kMatrices);
    }
  }
}

TEST(Simulation, AQuietCalibrationAndADriftingMachineDoNotCryWolf) {
  const SimulatedCase quiet{.run_noise = 0.01, .calibration_noise = 0.5};
  const SimulatedCase drifting{.run_noise = 0.01, .drift = 0.05};
  for (const SimulatedCase& simulated : {quiet, drifting}) {
    expect_not_broken({simulated}, kMatrices);
  }
}

TEST(Simulation, IsSeeded) {
  const SimulatedCase simulated{.cells = 4, .run_noise = 0.03, .looks = {4}};
  const SimulatedResult first = simulate(simulated, 50, 1);
  const SimulatedResult again = simulate(simulated, 50, 1);
  const SimulatedResult other = simulate(simulated, 50, 2);
  EXPECT_EQ(first.found, again.found);
  EXPECT_EQ(first.passed, again.passed);
  EXPECT_NE(first.passed, other.passed);
}

TEST(Simulation, CoversFewPairsWithAndWithoutACalibration) {
  const auto covers = [](int cells, const std::vector<int>& looks, int calibration_pairs,
                         RunNoise noise) {
    return std::ranges::any_of(promised_cases(), [&](const PromisedCase& promised) {
      const SimulatedCase& simulated = promised.simulated;
      return simulated.cells == cells && simulated.looks == looks && simulated.noise == noise &&
             simulated.calibration_pairs == calibration_pairs && simulated.run_noise >= 0.03;
    });
  };
  const auto extends = [](int cells, int calibration_pairs, RunNoise noise) {
    return std::ranges::any_of(promised_cases(), [&](const PromisedCase& promised) {
      const SimulatedCase& simulated = promised.simulated;
      return simulated.cells == cells && simulated.extensions > 0 && simulated.noise == noise &&
             simulated.calibration_pairs == calibration_pairs;
    });
  };
  for (const int cells : {2, 24}) {
    for (const int calibration_pairs : {0, 6}) {
      for (const RunNoise noise : {RunNoise::kNormal, RunNoise::kHeavyTailed}) {
        for (const int pairs : {2, 3, 6}) {
          EXPECT_TRUE(covers(cells, {pairs}, calibration_pairs, noise));
        }
        EXPECT_TRUE(covers(cells, {6, 12, 20}, calibration_pairs, noise));
        EXPECT_TRUE(extends(cells, calibration_pairs, noise));
      }
    }
  }
}

TEST(ShareInterval, IsWilsons) {
  // statsmodels 0.14, proportion_confint(..., method="wilson").
  EXPECT_NEAR(share_interval(20, 4000).lower, 0.003239128467461684, 1e-12);
  EXPECT_NEAR(share_interval(20, 4000).upper, 0.007710720389342789, 1e-12);
  EXPECT_NEAR(share_interval(0, 100).lower, 0, 1e-12);
  EXPECT_NEAR(share_interval(0, 100).upper, 0.03699349820698569, 1e-12);
  EXPECT_NEAR(share_interval(100, 100).lower, 0.9630065017930143, 1e-12);
}

TEST(CheckPromise, IsKeptOnlyWhereChanceCannotExplainIt) {
  const PromisedCase promised{{}, 0.01, 0.95};
  const auto check = [&](int false_alarms, int found) {
    return check_promise(promised, {4000, false_alarms, 20, found, 0});
  };
  EXPECT_EQ(check(20, 3860), Promise::kKept);
  EXPECT_EQ(check(38, 3860), Promise::kUndecided);
  EXPECT_EQ(check(80, 3860), Promise::kBroken);
  EXPECT_EQ(check(20, 3778), Promise::kUndecided) << "94.45 % is not at least 95 %";
  EXPECT_EQ(check(20, 3700), Promise::kBroken);
  EXPECT_EQ(check_promise(promised, {4000, 20, 80, 3860, 0}), Promise::kBroken)
      << "false improvements count as well";
  EXPECT_EQ(check_promise({{}, 0.01}, {4000, 20, 20, 0, 0}), Promise::kKept);
}

TEST(Simulation, PrintsWhatChanceMoves) {
  const std::vector<PromisedCase> cases = {{{}, 0.01, 0.95}, {{.slowdown = 0}}};
  const std::string text =
      print(simulation_document(cases, {{4000, 20, 10, 3778, 3900}, {4000, 80, 10, 0, 3900}}),
            reports::Format::kMarkdown);
  EXPECT_THAT(text,
              AllOf(HasSubstr("4000 matrices a row"), HasSubstr("0.32 % | 0.77 %"),
                    HasSubstr("| undecided |"), HasSubstr("| broken "),
                    HasSubstr("- at most 1 %: kept up to 27 of 4000 (0.68 %), broken from 53"),
                    HasSubstr("- at least 95 %: kept from 3828 of 4000")));
}

}  // namespace
}  // namespace moebench::gate
