#include "harness/config/config_testing.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class KnownFailures : public ::testing::Test {
 protected:
  KnownFailures() { folder_.write("models/tiny.json", kTinyModel); }

  std::vector<CellConfig> cells(const std::string& known,
                                const ScenarioOverrides& options = {}) const {
    const auto file = folder_.write("file.yaml", R"(scenarios:
  - name: s
    axes: {model: tiny, parallelism: [fsdp, ep], ranks: 2}
    known_failures:
)" + known);
    return load_scenarios(file, options).front().cells;
  }

  TestFolder folder_;
};

TEST_F(KnownFailures, MarkTheCellsTheyName) {
  const auto all =
      cells("      - {where: {parallelism: ep}, reason: too large, until: 2030-12-31}\n");
  EXPECT_FALSE(all[0].known_failure.has_value());
  ASSERT_TRUE(all[1].known_failure.has_value());
  EXPECT_EQ(all[1].known_failure->reason, "too large");
  EXPECT_EQ(all[1].known_failure->until, "2030-12-31");
  EXPECT_EQ(all[1].id(), cells("      []\n")[1].id()) << "no part of the cell's identity";
}

TEST_F(KnownFailures, TheFirstEntryCountsAndNeedsNoDate) {
  const auto all = cells(
      "      - {where: {parallelism: [fsdp, ep]}, reason: one}\n"
      "      - {where: {ranks: 2}, reason: two, until: null}\n");
  EXPECT_EQ(all[0].known_failure->reason, "one");
  EXPECT_EQ(all[1].known_failure->reason, "one");
  EXPECT_EQ(all[1].known_failure->until, "");
}

TEST_F(KnownFailures, ErrorsNamePlaceAndRemedy) {
  const auto error = [&](const std::string& entry) {
    return error_of([&] { cells("      - " + entry + "\n"); });
  };
  EXPECT_THAT(error("{where: {ranks: 4}, reason: r}"),
              AllOf(HasSubstr("file.yaml:5"), HasSubstr("matches no cell")));
  EXPECT_THAT(error("{where: {}, reason: r}"), HasSubstr("name the axes"));
  EXPECT_THAT(error("{where: {rank: 2}, reason: r}"), HasSubstr("ranks"));
  EXPECT_THAT(error("{where: {ranks: 2}}"), HasSubstr("reason"));
  EXPECT_THAT(error("{where: {ranks: 2}, reason: ''}"), HasSubstr("say why the cells fail"));
  EXPECT_THAT(error("{where: {ranks: 2}, reason: r, untill: 2030-01-01}"), HasSubstr("until"));
  for (const char* date : {"2030-02-30", "tomorrow", "2030-1-1", "2030-01-011"}) {
    EXPECT_THAT(error(std::string("{where: {ranks: 2}, reason: r, until: ") + date + "}"),
                HasSubstr("write the last day as YYYY-MM-DD"));
  }
}

TEST_F(KnownFailures, MayMatchNothingWhereTheRanksAreReplaced) {
  EXPECT_EQ(cells("      - {where: {ranks: 2}, reason: r}\n",
                  {.values = parse_overrides({"ranks=1"}, "--ranks")})
                .size(),
            2U);
}

}  // namespace
}  // namespace moebench::config
