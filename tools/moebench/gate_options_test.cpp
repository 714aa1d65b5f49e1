#include "tools/moebench/gate_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "tools/moebench/parse_testing.h"

namespace moebench::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Options>
Options parse_gate_as(const std::vector<const char*>& words) {
  return std::get<Options>(std::get<GateCommand>(std::get<Command>(parse(words))));
}

TEST(GateArguments, CalibrateTakesAllItsOptions) {
  const auto options = parse_gate_as<CalibrateArguments>(
      {"calibrate", "f.yaml", "--only", "a", "--pairs", "4", "--out", "dir", "--busy-cores", "1.5",
       "--launcher", "slurm", "--fresh"});
  EXPECT_EQ(options.selection.file, "f.yaml");
  EXPECT_EQ(options.pairs, 4);
  EXPECT_EQ(options.out, "dir");
  EXPECT_EQ(options.busy_cores, 1.5);
  EXPECT_EQ(options.launcher.name, "slurm");
  EXPECT_TRUE(options.fresh);
  EXPECT_THAT(options.command_line, HasSubstr("moebench calibrate f.yaml"));
  EXPECT_THAT(parse_error({"calibrate", "f", "--pairs", "1"}), HasSubstr("--pairs"));
}

TEST(GateArguments, AbTakesAllItsOptions) {
  const auto options = parse_gate_as<AbArguments>(
      {"ab", "f.yaml", "--base", "a", "--candidate", "b", "--pairs", "8", "--calibration", "c",
       "--metric", "runtime", "--metric", "step_time", "--mde", "3%", "--out", "dir"});
  EXPECT_EQ(options.base, "a");
  EXPECT_EQ(options.candidate, "b");
  EXPECT_EQ(options.pairs, "8");
  EXPECT_EQ(options.calibration, "c");
  EXPECT_THAT(options.metrics, ElementsAre("runtime", "step_time"));
  EXPECT_EQ(options.mde, "3%");
  EXPECT_THAT(parse_gate_as<AbArguments>({"ab", "f", "--candidate-set", "a=1"}).candidate_set,
              ElementsAre("a=1"));
  EXPECT_THAT(parse_error({"ab", "f", "--candidate", "b", "--candidate-set", "a=1"}),
              HasSubstr("excludes"));
}

TEST(GateArguments, GateTakesAllItsOptions) {
  const auto options = parse_gate_as<GateArguments>(
      {"gate", "dir", "--mde", "4%", "--fail-on", "regressed,missing", "--github", "--junit",
       "j.xml", "--baseline", "main", "--store", "s"});
  EXPECT_EQ(options.folder, "dir");
  EXPECT_EQ(options.mde, "4%");
  EXPECT_THAT(options.fail_on, ElementsAre("regressed", "missing"));
  EXPECT_TRUE(options.github);
  EXPECT_EQ(options.junit, "j.xml");
  EXPECT_EQ(options.baseline, "main");
  EXPECT_EQ(options.store, "s");
  EXPECT_THAT(parse_gate_as<GateArguments>({"gate", "dir"}).fail_on,
              ElementsAre("regressed", "inconclusive", "missing"));
  EXPECT_THAT(parse_error({"gate", "dir", "--fail-on", "noise"}), HasSubstr("noise"));
}

TEST(GateArguments, TheOthersTakeTheirs) {
  EXPECT_EQ(parse_gate_as<PowerArguments>({"power", "f", "--effect", "3%", "--noise", "1%"}).noise,
            "1%");
  const auto baseline = parse_gate_as<BaselineArguments>({"baseline", "save", "main", "dir"});
  EXPECT_EQ(baseline.action, "save");
  EXPECT_EQ(baseline.name, "main");
  EXPECT_EQ(baseline.folder, "dir");
  EXPECT_THAT(parse_error({"baseline", "lose", "main"}), HasSubstr("lose"));
  const auto selftest =
      parse_gate_as<SelftestArguments>({"selftest", "--simulate", "--matrices", "500"});
  EXPECT_TRUE(selftest.simulate);
  EXPECT_EQ(selftest.matrices, 500);
}

TEST(GateArguments, Percents) {
  EXPECT_EQ(parse_percent("5%", "--mde"), 0.05);
  EXPECT_EQ(parse_percent("0.5%", "--mde"), 0.005);
  for (const char* text : {"", "5", "%", "0%", "100%", "-1%", "5 %", "5%%", "nan%", "inf%"}) {
    EXPECT_THROW(parse_percent(text, "--mde"), Error) << text;
  }
}

}  // namespace
}  // namespace moebench::cli
