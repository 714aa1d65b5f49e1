#include "reports/write/attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CellRecord timed(CellRecord record, double runtime_s) {
  test::set_figures(record, {1e9, 1e9, runtime_s, 1 / runtime_s});
  return record;
}

std::vector<CellRecord> corners() {
  return {timed(test::arm("fl", "fsdp", "1", "loop"), 24),
          timed(test::arm("fg", "fsdp", "1", "grouped"), 12),
          timed(test::arm("el", "ep", "2", "loop"), 16),
          timed(test::arm("eg", "ep", "2", "grouped"), 6)};
}

std::vector<Attribution> attributions(const std::vector<ScenarioCells>& scenarios) {
  const Reference reference(scenarios[0]);
  return attributions_of(scenarios[0], reference, Gains(scenarios[0], reference, "runtime"));
}

TEST(Attribution, IsOfFactorsThatMultiplyToTheWhole) {
  const auto records = corners();
  const auto scenarios = group_cells(records);
  const auto found = attributions(scenarios);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].whole.factor, 4, 1e-12);
  EXPECT_NEAR(found[0].kernel->factor, 2, 1e-12);
  EXPECT_NEAR(found[0].parallelism->factor, 1.5, 1e-12);
  EXPECT_NEAR(found[0].interaction->factor, 4.0 / 3, 1e-12);
  EXPECT_EQ(num_rows(attribution_table(scenarios[0], found)), 1u);
}

TEST(Attribution, NamesTheCornerThatIsMissing) {
  auto records = corners();
  records.erase(records.begin() + 2);
  const auto scenarios = group_cells(records);
  const auto found = attributions(scenarios);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(found[0].kernel);
  EXPECT_THAT(attribution_table(scenarios[0], found), IsEmpty());
  EXPECT_THAT(missing_corners(found),
              ElementsAre(HasSubstr("parallelism=ep, ep_degree=2, expert_kernel=loop")));
}

TEST(Attribution, IsNoneWhereOneAxisDiffers) {
  auto records = corners();
  records.resize(2);
  const auto scenarios = group_cells(records);
  EXPECT_THAT(attributions(scenarios), IsEmpty());
}

}  // namespace
}  // namespace moebench::reports
