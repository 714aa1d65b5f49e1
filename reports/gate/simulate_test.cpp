// Seeded: the same on every run. Bounds of the published table, widened by three standard errors of
// the small number of matrices.
#include "reports/gate/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/format.h"

namespace moebench::gate {
namespace {

constexpr int kMatrices = 200;
constexpr std::uint64_t kSeed = 20240601;

std::string table_text(const PromisedCase& promised, const SimulatedResult& result) {
  return print({simulation_table({promised}, {result})}, reports::Format::kMarkdown);
}

TEST(Simulation, KeepsWhatIsPromised) {
  for (const PromisedCase& promised : promised_cases()) {
    const SimulatedResult result = simulate(promised.simulated, kMatrices, kSeed);
    EXPECT_EQ(result.matrices, kMatrices);
    EXPECT_TRUE(keeps(promised, result, 3)) << table_text(promised, result);
  }
}

TEST(Simulation, FewCellsKeepTheErrorRateToo) {
  for (const int cells : {1, 2, 4}) {
    const PromisedCase promised{{.cells = cells, .run_noise = 0.01, .pairs = 6}};
    const SimulatedResult result = simulate(promised.simulated, 2 * kMatrices, kSeed);
    EXPECT_TRUE(keeps(promised, result, 3)) << table_text(promised, result);
  }
}

TEST(Simulation, AQuietCalibrationAndADriftingMachineDoNotCryWolf) {
  const SimulatedCase quiet{.run_noise = 0.01, .pairs = 6, .calibration_noise = 0.5};
  const SimulatedCase drifting{.run_noise = 0.01, .pairs = 6, .drift = 0.05};
  for (const SimulatedCase& simulated : {quiet, drifting}) {
    const PromisedCase promised{simulated};
    const SimulatedResult result = simulate(simulated, kMatrices, kSeed);
    EXPECT_TRUE(keeps(promised, result, 3)) << table_text(promised, result);
  }
}

TEST(Simulation, IsSeeded) {
  const SimulatedCase simulated{.cells = 4, .run_noise = 0.03, .pairs = 4};
  const SimulatedResult first = simulate(simulated, 50, 1);
  const SimulatedResult again = simulate(simulated, 50, 1);
  const SimulatedResult other = simulate(simulated, 50, 2);
  EXPECT_EQ(first.found, again.found);
  EXPECT_EQ(first.passed, again.passed);
  EXPECT_NE(first.passed, other.passed);
}

TEST(Simulation, ABrokenPromiseIsSeen) {
  const PromisedCase promised{{}, 0.01, 0.95};
  EXPECT_TRUE(keeps(promised, {1000, 10, 950, 0}, 0));
  EXPECT_FALSE(keeps(promised, {1000, 11, 950, 0}, 0));
  EXPECT_FALSE(keeps(promised, {1000, 10, 949, 0}, 0));
}

}  // namespace
}  // namespace moebench::gate
