#include "harness/config/routing.h"

#include "harness/config/config_testing.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

class RoutingAxis : public ::testing::Test {
 protected:
  RoutingAxis() { folder_.write("models/tiny.json", kTinyModel); }

  std::vector<CellConfig> cells(const std::string& routing) {
    const auto file = folder_.write(
        "s.yaml", "scenarios: [{name: s, axes: {model: tiny, routing: " + routing + "}}]");
    return load_scenarios(file).front().cells;
  }
  std::string error(const std::string& routing) {
    return error_of([&] { cells(routing); });
  }

  TestFolder folder_;
};

TEST_F(RoutingAxis, IsLearnedWhereItIsLeftOut) {
  const CellConfig cell;
  EXPECT_EQ(to_string(cell.routing), "learned");
}

TEST_F(RoutingAxis, BothFormsMeanTheSame) {
  const auto found = cells("[learned, balanced, skewed(0.5), {skewed: 1}, trace(t.bin)]");
  ASSERT_EQ(found.size(), 5);
  EXPECT_EQ(to_string(found[2].routing), "skewed(0.5)");
  EXPECT_EQ(to_string(found[3].routing), "skewed(1)");
  EXPECT_EQ(to_string(found[4].routing), "trace(" + (folder_.path() / "t.bin").string() + ")");
  EXPECT_EQ(cells("{trace: t.bin}").front().id(), cells("trace(t.bin)").front().id());
  EXPECT_NE(found[2].id(), found[3].id());
}

TEST_F(RoutingAxis, TheCellFileKeepsIt) {
  for (const CellConfig& cell : cells("[learned, skewed(0.1), trace(t.bin)]")) {
    const auto path = folder_.path() / "cell.yaml";
    write_cell(cell, path);
    EXPECT_EQ(read_cell(path).id(), cell.id());
  }
}

TEST_F(RoutingAxis, WrongValuesAreRefused) {
  EXPECT_THAT(error("even"), HasSubstr("unknown value 'even'; use learned, balanced, skewed(S)"));
  EXPECT_THAT(error("skewed"), HasSubstr("use learned, balanced, skewed(S)"));
  EXPECT_THAT(error("skewed(x)"), HasSubstr("expected a number, got 'x'"));
  EXPECT_THAT(error("skewed(-1)"), HasSubstr("skew -1 is outside 0 .. 10"));
  EXPECT_THAT(error("skewed(nan)"), HasSubstr("expected a number"));
  EXPECT_THAT(error("trace()"), HasSubstr("trace without a file"));
  EXPECT_THAT(error("{}"), HasSubstr("needs one key, skewed or trace"));
  EXPECT_THAT(error("{skew: 1}"), HasSubstr("unknown key 'skew'; did you mean 'skewed'?"));
  EXPECT_THAT(error("[skewed(1), {skewed: 1.0}]"), HasSubstr("lists 'skewed(1)' twice"));
}

}  // namespace
}  // namespace moebench::config
