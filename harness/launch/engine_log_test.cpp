#include "harness/launch/engine_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/test_folder.h"
#include "harness/trainers/adapter.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr const char* kEvents =
    R"({"event":"begin","time_ns":10,"span":"run","version":1,"rank":0,"world_size":1}
{"event":"begin","time_ns":20,"span":"step","step":1}
{"event":"end","time_ns":30,"span":"step","step":1,"loss":2}
)";

constexpr const char* kStepLine = "step 1 took 5 ms, loss 2\n";

class EngineLog : public ::testing::Test {
 protected:
  EngineLog() {
    cell_.engine.name = "mine";
    cell_.engine.command = {"train"};
  }

  merge::ReadLog read() {
    environment_.clear();
    return read_engine_log(cell_, folder_.path(), environment_);
  }

  std::vector<std::string> matching(const std::string& pattern) const {
    std::vector<std::string> names;
    for (const fs::path& file : matching_files(folder_.path(), pattern)) {
      names.push_back(file.lexically_relative(folder_.path()).string());
    }
    return names;
  }

  TestFolder folder_;
  config::CellConfig cell_;
  record::Environment environment_;
};

TEST_F(EngineLog, IsReadByTheAdapterFromItsOwnFiles) {
  folder_.write("events_0.jsonl", kEvents);
  folder_.write("stdout", "unrelated\n");
  const merge::ReadLog read_log = read();
  ASSERT_TRUE(read_log.log.has_value()) << read_log.complaint;
  EXPECT_EQ(read_log.log->ranks.at(0).steps.at(0).loss, 2);
  EXPECT_THAT(read_log.complaint, IsEmpty());
  EXPECT_EQ(environment_.at("adapter"), "events");
  EXPECT_EQ(environment_.at("logs"), "events_0.jsonl");
  EXPECT_EQ(environment_.at("log_hash"), hash_of_files({folder_.path() / "events_0.jsonl"}));
}

TEST_F(EngineLog, IsReadFromTheFilesThatTheEngineNames) {
  cell_.engine.adapter = "regex";
  cell_.engine.pattern = "step (?<step>[0-9]+) took (?<time_ms>[0-9]+) ms, loss (?<loss>[0-9]+)";
  cell_.engine.logs = {"{out}/run/*.log", "run/a.log"};
  folder_.write("run/a.log", kStepLine);
  folder_.write("stdout", "step 2 took 5 ms, loss 2\n");
  const merge::ReadLog read_log = read();
  ASSERT_TRUE(read_log.log.has_value()) << read_log.complaint;
  EXPECT_EQ(read_log.log->ranks.at(0).steps.size(), 1u);
  EXPECT_EQ(environment_.at("logs"), "run/a.log") << "once, whichever pattern found it";
}

TEST_F(EngineLog, OfAdapterNoneIsNone) {
  cell_.engine.adapter = "none";
  folder_.write("events_0.jsonl", kEvents);
  const merge::ReadLog read_log = read();
  EXPECT_FALSE(read_log.log.has_value());
  EXPECT_THAT(read_log.complaint, IsEmpty());
  EXPECT_THAT(environment_, ElementsAre(Pair("adapter", "none"), Pair("output_hash", _)));
}

TEST_F(EngineLog, WithoutFilesItSaysWhatWasLookedFor) {
  EXPECT_THAT(read().complaint, HasSubstr("no events: nothing wrote the file that "
                                          "MOEBENCH_EVENTS names"));
  cell_.engine.adapter = "automodel";
  EXPECT_THAT(read().complaint, AllOf(HasSubstr("no file for adapter automodel (training.jsonl, "),
                                      HasSubstr("does the command write to {out}?")));
  cell_.engine.logs = {"mine_*.log"};
  EXPECT_THAT(read().complaint, HasSubstr("(mine_*.log)"));
  EXPECT_FALSE(environment_.contains("log_hash"));
}

// Whatever a trainer left there, the reader complains in the record and never ends the driver.
TEST_F(EngineLog, OfGarbageIsAComplaintOfEveryAdapter) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  const std::string texts[] = {bytes,
                               "",
                               "\n\n",
                               "{\n",
                               "[1, 2]\n",
                               "{\"step\": {}}\n",
                               std::string(trainers::kMaxLineBytes + 2, 'x'),
                               "nothing at all\n"};
  for (const trainers::AdapterInfo& adapter : trainers::adapters()) {
    cell_.engine.adapter = adapter.name;
    cell_.engine.pattern = adapter.name == "regex" ? "step (?<step>[0-9]+)" : "";
    cell_.engine.logs = {"log.jsonl"};
    for (const std::string& text : texts) {
      folder_.write("log.jsonl", text);
      const merge::ReadLog read_log = read();
      EXPECT_FALSE(read_log.log.has_value()) << adapter.name << ": " << text.substr(0, 20);
      EXPECT_NE(read_log.complaint, "") << adapter.name << ": " << text.substr(0, 20);
    }
  }
}

TEST_F(EngineLog, OfBinaryDataNamesTheFile) {
  folder_.write("events_0.jsonl", std::string("\x1f\x8b\x08\x00", 4));
  EXPECT_THAT(read().complaint, AllOf(HasSubstr("events_0.jsonl"), HasSubstr("gunzip")));
  folder_.write("events_0.jsonl", std::string("a\0b", 3));
  EXPECT_THAT(read().complaint, HasSubstr("binary data"));
  EXPECT_TRUE(environment_.contains("log_hash")) << "it is there all the same";
}

TEST_F(EngineLog, OfAnotherTrainerSaysWhoseWasLookedFor) {
  folder_.write("stdout", kEvents);
  cell_.engine.adapter = "torchtitan";
  EXPECT_THAT(read().complaint,
              HasSubstr("3 lines of stdout say nothing that adapter torchtitan knows (torchtitan"));
  cell_.engine.adapter = "events";
  folder_.write("events_0.jsonl", std::string(kStepLine) + kStepLine);
  EXPECT_THAT(read().complaint,
              AllOf(HasSubstr("events_0.jsonl:1: no JSON object"), HasSubstr("events.md")));
}

TEST_F(EngineLog, FilesMatchByNameAnywhereAndByPathWhereThePatternIsOne) {
  for (const char* name : {"a.log", "run/a.log", "run/deep/b.log", "run/c.txt"}) {
    folder_.write(name, "");
  }
  fs::create_directories(folder_.path() / "folder.log");
  EXPECT_THAT(matching("*.log"), ElementsAre("a.log", "run/a.log", "run/deep/b.log"));
  EXPECT_THAT(matching("a.log"), ElementsAre("a.log", "run/a.log"));
  EXPECT_THAT(matching("run/?.log"), ElementsAre("run/a.log"));
  EXPECT_THAT(matching("none*"), IsEmpty());
  EXPECT_THAT(matching_files(folder_.path() / "nowhere", "*"), IsEmpty());
}

TEST_F(EngineLog, AnAbsolutePatternWithinTheFolderIsOneOfIts) {
  for (const char* name : {"a.log", "run/a.log", "run/b.log"}) folder_.write(name, "");
  const std::string folder = folder_.path().string();
  EXPECT_THAT(matching(folder + "/a.log"), ElementsAre("a.log"));
  EXPECT_THAT(matching(folder + "/run/*.log"), ElementsAre("run/a.log", "run/b.log"));
  const TestFolder other;
  const fs::path file = other.write("c.log", "");
  EXPECT_THAT(matching_files(folder_.path(), file.string()), ElementsAre(file));
  EXPECT_THAT(matching_files(folder_.path(), (other.path() / "*").string()), IsEmpty());
}

// Trainers link to their latest run, and remove what it was.
TEST_F(EngineLog, ALinkToNothingHidesNoFile) {
  for (int i = 0; i < 20; ++i) {
    fs::create_symlink("gone", folder_.path() / ("latest" + std::to_string(i)));
    folder_.write("log" + std::to_string(i), "");
  }
  EXPECT_EQ(matching("log*").size(), 20u);
}

TEST_F(EngineLog, TheHashIsOfTheContentFileByFile) {
  const auto hash = [&](const std::string& a, const std::string& b) {
    return hash_of_files({folder_.write("a", a), folder_.write("b", b)});
  };
  const std::string before = hash("12", "34");
  EXPECT_EQ(hash("12", "34"), before);
  EXPECT_NE(hash("123", "4"), before);
  EXPECT_NE(hash("34", "12"), before);
  std::string large(3 << 20, 'x');
  const std::string of_large = hash(large, "");
  large[2 << 20] = 'y';
  EXPECT_NE(hash(large, ""), of_large);
}

}  // namespace
}  // namespace moebench::launch
