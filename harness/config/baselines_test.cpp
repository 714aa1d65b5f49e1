#include "harness/config/config_testing.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

class Baselines : public ::testing::Test {
 protected:
  Baselines() {
    folder_.write("models/tiny.json", kTinyModel);
    std::string larger = kTinyModel;
    larger.replace(larger.find("128"), 3, "256");
    folder_.write("other/tiny/config.json", larger);
  }

  // That of scenario s, with `more` in it.
  std::string baseline(const std::string& more, const ScenarioOverrides& options = {}) const {
    const auto file = folder_.write("file.yaml", R"(scenarios:
  - name: s
    axes: {parallelism: [fsdp, ep], expert_kernel: [loop, grouped], ranks: 2}
    exclude: [{parallelism: ep, expert_kernel: loop}]
)" + more);
    const Scenario scenario = load_scenarios(file, options).front();
    const auto& baselines = scenario.cells.front().file->baselines;
    const auto found = baselines.find("s");
    return found == baselines.end() ? "none" : found->second;
  }
  // Without the temporary folder; `text` is on line 5.
  std::string error(const std::string& text) const {
    const std::string message =
        error_of([&] { baseline("    baseline: " + text + "\n    zip: {model: [tiny]}\n"); });
    return message.substr(std::min(message.find("file.yaml"), message.size()));
  }

  TestFolder folder_;
};

TEST_F(Baselines, AreNamedByAxisValuesInTheOrderWritten) {
  const std::string model = "    zip: {model: [tiny]}\n";
  EXPECT_EQ(baseline(model), "none");
  EXPECT_EQ(baseline(model + "    baseline: null\n"), "none");
  EXPECT_EQ(baseline(model + "    baseline: {expert_kernel: grouped, parallelism: fsdp}\n"),
            "expert_kernel=grouped,parallelism=fsdp");
}

TEST_F(Baselines, CallAModelAsTheRecordsDo) {
  EXPECT_EQ(baseline("    zip: {model: [tiny, other/tiny]}\n    baseline: {model: other/tiny}\n"),
            "model=other/tiny");
}

TEST_F(Baselines, MayBeMissedByOtherRanks) {
  const std::string text = "    zip: {model: [tiny]}\n    baseline: {ranks: 2}\n";
  EXPECT_EQ(baseline(text), "ranks=2");
  EXPECT_EQ(baseline(text, {.values = parse_overrides({"ranks=4"}, "--set")}), "none");
}

TEST_F(Baselines, ErrorsNamePlaceAndRemedy) {
  EXPECT_EQ(error("{paralelism: fsdp}"),
            "file.yaml:5: unknown axis 'paralelism'; did you mean 'parallelism'?");
  EXPECT_EQ(error("{parallelism: fdsp}"),
            "file.yaml:5: axis 'parallelism': unknown value 'fdsp'; use fsdp, ep or hsdp");
  EXPECT_EQ(error("{parallelism: hsdp}"),
            "file.yaml:5: axis 'parallelism': no cell has 'hsdp'; did you mean 'fsdp'?");
  EXPECT_EQ(error("{ranks: 16}"), "file.yaml:5: axis 'ranks': no cell has '16'; use one of: 2");
  EXPECT_THAT(error("{parallelism: ep, expert_kernel: loop}"),
              HasSubstr("file.yaml:5: key 'baseline': no cell has all of these values"));
  EXPECT_THAT(error("{parallelism: [fsdp, ep]}"), HasSubstr("one value of each axis"));
  EXPECT_THAT(error("{routing: 'trace(a,b)'}"), HasSubstr("file.yaml:5: "));
  EXPECT_THAT(error("{}"), HasSubstr("names no axis"));
}

}  // namespace
}  // namespace moebench::config
