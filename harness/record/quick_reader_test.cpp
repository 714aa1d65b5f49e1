#include "harness/record/quick_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/testing/error_of.h"

namespace moebench::record {
namespace {

using ::testing::HasSubstr;

CellRecord short_example() {
  CellRecord record;
  record.id = "0123456789ab";
  record.scenario = "quickstart";
  record.workload = "ba9876543210";
  record.axes = {{"parallelism", "ep"}, {"dtype", "bf16"}};
  record.repetition = 1;
  record.disposition = Disposition::kIncorrect;
  record.message = "not \"right\"\n";
  record.stderr_tail = "bad";
  record.metrics["loss"] = {.unit = "1", .value = 0.1 + 0.2, .samples = {3.5, -0.0, 1e-300}};
  record.metrics["mem_peak"] = {.unit = "bytes", .value = 7, .per_rank = {7.0, std::nullopt}};
  record.metrics["rss_peak"] = {.unit = "bytes"};
  record.metrics["runtime"] = {.unit = "ns", .value = -996e9};
  record.metrics["tokens_per_expert"] = {
      .unit = "rows", .samples = {1, 2, 3, 4, 5, 6}, .shape = {2, 3}};
  record.environment = {{"cpu", "a \"fast\" one"}, {"load", "1.5"}};
  record.warnings = {"load 1.5 on 2 cores"};
  record.started_at = "2024-01-02T03:04:05Z";
  record.scenarios = {{"quickstart", "/a.yaml"}, {"other", "/b.yaml"}};
  return record;
}

template <typename Change>
std::string short_changed(const Change& change) {
  auto json = nlohmann::ordered_json::parse(to_json_line(short_example()));
  change(json);
  return json.dump();
}

std::optional<CellRecord> read(const std::string& line, const Excerpt& excerpt = {}) {
  return QuickReader(excerpt).read(line);
}

TEST(QuickReader, ReadsWhatTheThoroughParserReads) {
  for (const auto& line : {to_json_line(short_example()), short_changed([](auto& json) {
                             json.erase("scenarios");
                             json.erase("schema_minor");
                             json["metrics"] = nlohmann::json::object();
                           })}) {
    const auto record = read(line);
    ASSERT_TRUE(record);
    EXPECT_EQ(to_json_line(*record), to_json_line(parse_record(line, "here")));
    EXPECT_EQ(record->schema_minor, parse_record(line, "here").schema_minor);
  }
}

TEST(QuickReader, LeavesAllElseToTheThoroughParser) {
  using Change = std::function<void(nlohmann::ordered_json&)>;
  const std::vector<Change> changes = {
      [](auto& json) { json["new"] = 1; },
      [](auto& json) { json["schema_version"] = 2; },
      [](auto& json) { json["schema_minor"] = "1"; },
      [](auto& json) { json["repetition"] = -1; },
      [](auto& json) { json["repetition"] = 0.5; },
      [](auto& json) { json["repetition"] = 1ULL << 40; },
      [](auto& json) { json["id"] = 7; },
      [](auto& json) { json["disposition"] = "fine"; },
      [](auto& json) { json["axes"]["dtype"] = 16; },
      [](auto& json) { json["axes"] = nullptr; },
      [](auto& json) { json["warnings"] = "busy"; },
      [](auto& json) { json["warnings"] = {1}; },
      [](auto& json) { json["environment"]["cpu"] = {"a"}; },
      [](auto& json) { json["scenarios"][0]["line"] = 3; },
      [](auto& json) { json["scenarios"][0].erase("file"); },
      [](auto& json) {
        json["pair"] = {{"cell", "x"}, {"index", 0}, {"arm", "base"}};
      },
      [](auto& json) { json["metrics"]["loss"] = 3; },
      [](auto& json) { json["metrics"]["loss"]["value"] = "3"; },
      [](auto& json) { json["metrics"]["loss"]["precision"] = 3; },
      [](auto& json) { json["metrics"]["loss"].erase("unit"); },
      [](auto& json) { json["metrics"]["runtime"].erase("value"); },
      [](auto& json) { json["metrics"]["loss"]["samples"] = {true}; },
      [](auto& json) { json["metrics"]["loss"]["samples"] = {{1}}; },
      [](auto& json) { json["metrics"]["loss"]["unit"] = nullptr; },
      [](auto& json) { json["metrics"]["loss"]["samples"] = 3; },
      [](auto& json) {
        json["metrics"]["tokens_per_expert"]["shape"] = {2, 2};
      },
      [](auto& json) {
        json["metrics"]["tokens_per_expert"]["shape"] = {-2, -3};
      },
      [](auto& json) { json["metrics"]["tokens_per_expert"]["shape"] = nlohmann::json::array(); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_FALSE(read(short_changed(changes[i]))) << "change " << i;
  }
  for (const char* member :
       {"schema_version", "id", "scenario", "workload", "axes", "repetition", "disposition",
        "message", "stderr_tail", "metrics", "environment", "warnings", "started_at"}) {
    EXPECT_FALSE(read(short_changed([&](auto& json) { json.erase(member); }))) << member;
  }
  const std::string line = to_json_line(short_example());
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), line + "x", line + line,
        "{\"id\":\"a\"," + line.substr(1), line.substr(0, line.size() / 2)}) {
    EXPECT_FALSE(read(text)) << text;
  }
}

const Excerpt kLossAlone = {[](std::string_view metric) { return metric == "loss"; },
                            [](std::string_view name) { return name != "load"; }};

TEST(QuickReader, KeepsHeadlinesAndWhatRecordsHaveInCommonOnce) {
  QuickReader reader(kLossAlone);
  const std::string line = to_json_line(short_example());
  const auto a = reader.read(line);
  CellRecord b = parse_record(line, "here");
  reader.cut(b);
  ASSERT_TRUE(a);
  for (const CellRecord& record : {*a, b}) {
    EXPECT_EQ(record.metrics.size(), 1U);
    EXPECT_EQ(record.metrics.at("loss").samples.size(), 3U);
    EXPECT_EQ(record.value("loss"), 0.1 + 0.2);
    EXPECT_EQ(record.value("mem_peak"), 7);
    EXPECT_EQ(record.value("runtime"), -996e9);
    EXPECT_EQ(record.value("rss_peak"), std::nullopt);
    EXPECT_EQ(record.value("tokens_per_expert"), std::nullopt);
    EXPECT_EQ(record.value("none"), std::nullopt);
    ASSERT_NE(record.unit("rss_peak"), nullptr);
    EXPECT_EQ(*record.unit("rss_peak"), "bytes");
    EXPECT_EQ(*record.unit("loss"), "1");
    EXPECT_EQ(record.unit("none"), nullptr);
    EXPECT_EQ(record.environment, (Environment{{"cpu", "a \"fast\" one"}}));
  }
  EXPECT_EQ(&a->environment.at("cpu"), &b.environment.at("cpu"));
  EXPECT_EQ(&a->headlines.name(0), &b.headlines.name(0));
}

class Excerpts : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              (std::string("moebench_excerpts_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(Excerpts, AreReadAgainAsAWhole) {
  CellRecord first = short_example(), second = short_example();
  second.id = "second";
  second.unknown["new"] = "[1,2]";  // the thorough parser's
  write_file_atomically(folder_ / "results.jsonl",
                        "\n" + to_json_line(first) + "\n\n" + to_json_line(second));
  auto records = load_excerpts(folder_, kLossAlone);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].value("mem_peak"), 7);
  EXPECT_EQ(to_json_document(records), to_json_document({first, second}));
  EXPECT_EQ(load_excerpts(folder_ / "results.jsonl", kLossAlone).size(), 2U);

  records[0].message = "judged";
  records[0].axes.emplace_back("results", "a");
  EXPECT_EQ(whole(records[0]).message, "judged");
  EXPECT_EQ(whole(records[0]).axis("results"), "a");
  EXPECT_EQ(whole(records[0]).metrics.size(), 5U);
  EXPECT_EQ(whole(first).id, first.id);
}

TEST_F(Excerpts, OfAFileThatChangedAreAnError) {
  append(folder_, short_example());
  const auto records = load_excerpts(folder_, kLossAlone);
  for (const std::string& text :
       {std::string("\n"), "\n" + to_json_line(short_example()),
        to_json_line(
            parse_record(short_changed([](auto& json) { json["id"] = "other_789abcd"; }), ""))}) {
    write_file_atomically(folder_ / "results.jsonl", text);
    EXPECT_THAT(error_of([&] { whole(records[0]); }), HasSubstr("results.jsonl:1: "));
  }
}

}  // namespace
}  // namespace moebench::record
