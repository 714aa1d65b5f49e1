#include "harness/session/adopt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"
#include "harness/trainers/adapter.h"

namespace moebench::session {
namespace {

using record::Disposition;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class Adopt : public ::testing::Test {
 protected:
  Adopt() {
    adoption_.logs = {folder_.write("run.log", log(0.5))};
    adoption_.adapter = "regex";
    adoption_.pattern = R"(it (?<step>\d+) took (?<time_s>\S+) s, loss (?<loss>\S+))";
    adoption_.axes = {{"parallelism", "ep"}, {"ranks", "4"},     {"micro_batch", "2"},
                      {"packing", "true"},   {"seq_len", "100"}, {"recipe", "mine"}};
    adoption_.folder = folder_.path() / "results";
  }

  static std::string log(double step_s, const std::string& last_loss = "2.0") {
    std::string text;
    for (int step = 1; step <= 4; ++step) {
      text += "it " + std::to_string(step) + " took " + std::to_string(step_s) + " s, loss " +
              (step == 4 ? last_loss : "3.0") + "\n";
    }
    return text;
  }

  std::string error() const {
    return error_of([this] { adopt(adoption_); });
  }

  TestFolder folder_;
  Adoption adoption_;
};

TEST_F(Adopt, MakesARecordThatSaysItIsAdopted) {
  const record::CellRecord made = adopt(adoption_);
  EXPECT_EQ(made.disposition, Disposition::kOk);
  EXPECT_EQ(made.environment.at("adopted"), "true");
  EXPECT_EQ(made.environment.at("adapter"), "regex");
  EXPECT_FALSE(made.environment.at("log_hash").empty());
  EXPECT_EQ(made.value("runtime"), 1.5e9) << "the first step is warm-up";
  EXPECT_EQ(made.value("tokens_per_second"), 2 * 100 / 0.5) << "of a rank, by the axes";
  EXPECT_THAT(made.axes,
              ElementsAre(Pair("engine", "regex"), Pair("parallelism", "ep"), Pair("ranks", "4"),
                          Pair("micro_batch", "2"), Pair("packing", "true"), Pair("seq_len", "100"),
                          Pair("recipe", "mine")));
  ASSERT_EQ(record::load(adoption_.folder).size(), 1u);
}

TEST_F(Adopt, RunsOfTheSameAxesAreRepetitionsAndTheSameLogIsNone) {
  const record::CellRecord first = adopt(adoption_);
  EXPECT_THAT(error(), HasSubstr("adopted before, as repetition 0"));
  adoption_.logs = {folder_.write("second.log", log(0.6))};
  const record::CellRecord second = adopt(adoption_);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.repetition, 1);
  adoption_.axes[0].second = "fsdp";
  adoption_.logs = {folder_.write("third.log", log(0.7))};
  EXPECT_NE(adopt(adoption_).id, first.id);
}

TEST_F(Adopt, ALossThatIsNoNumberIsIncorrect) {
  adoption_.logs = {folder_.write("run.log", log(0.5, "nan"))};
  const record::CellRecord made = adopt(adoption_);
  EXPECT_EQ(made.disposition, Disposition::kIncorrect);
  EXPECT_THAT(made.message, HasSubstr("step 3"));
}

// Every kind of log that is known, found by its lines.
TEST_F(Adopt, TakesTheFixturesOfAllAdapters) {
  adoption_.adapter = "auto";
  adoption_.pattern.clear();
  adoption_.axes = {{"ranks", "2"}};
  const std::filesystem::path fixtures = MOEBENCH_TRAINERS_FIXTURES;
  std::set<std::string> adopted;
  for (const auto& folder : std::filesystem::directory_iterator(fixtures)) {
    const std::string name = folder.path().filename().string();
    if (name == "regex") continue;  // which has no lines of its own
    adoption_.logs.clear();
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
      if (file.is_regular_file()) adoption_.logs.push_back(file.path());
    }
    const record::CellRecord made = adopt(adoption_);
    EXPECT_THAT(name, HasSubstr(made.environment.at("adapter")));
    EXPECT_TRUE(made.environment.contains("trainer_tokens_scope")) << name;
    adopted.insert(made.environment.at("adapter"));
  }
  EXPECT_EQ(adopted.size() + 1, trainers::adapters().size());
}

TEST_F(Adopt, WhatAPatternReadsMeansWhatTheUserSays) {
  adoption_.meaning = {"tokens_scope=global"};
  EXPECT_EQ(adopt(adoption_).environment.at("trainer_tokens_scope"), "global");
  adoption_.meaning = {"tokens_scope=world"};
  EXPECT_THAT(error(), HasSubstr("global"));
  adoption_.adapter = "maxtext";
  EXPECT_THAT(error(), HasSubstr("of --adapter regex"));
}

TEST_F(Adopt, ErrorsNameTheFileAndTheRemedyAndLeaveNothing) {
  adoption_.pattern = R"(step (?<step>\d+))";
  EXPECT_THAT(error(), AllOf(HasSubstr("run.log"), HasSubstr("--adapter")));
  adoption_.pattern = R"(it (?<step>\d+) took (?<time_s>\S+) s)";
  adoption_.warmup_steps = 4;
  EXPECT_THAT(error(), HasSubstr("--warmup-steps"));
  adoption_.warmup_steps = 1;
  adoption_.axes[0].second = "eep";
  EXPECT_THAT(error(), AllOf(HasSubstr("--set"), HasSubstr("parallelism")));
  adoption_.axes[0].second = "ep";
  adoption_.axes.push_back({"parallelism", "fsdp"});
  EXPECT_THAT(error(), HasSubstr("set twice"));
  adoption_.logs = {folder_.path() / "missing.log"};
  EXPECT_THAT(error(), HasSubstr("missing.log"));
  EXPECT_TRUE(record::load(adoption_.folder).empty());
}

}  // namespace
}  // namespace moebench::session
