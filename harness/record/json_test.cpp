#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/record/record.h"
#include "harness/testing/error_of.h"

namespace moebench::record {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

CellRecord example() {
  CellRecord record;
  record.id = "0123456789ab";
  record.scenario = "quickstart";
  record.workload = "ba9876543210";
  record.axes = {{"parallelism", "ep"}, {"ep_degree", "2"}, {"dtype", "bf16"}};
  record.repetition = 1;
  record.metrics["runtime"] = {.unit = "ns", .value = 996e9};
  record.metrics["loss"] = {.unit = "1", .value = 0.1 + 0.2, .samples = {3.5, 0.1 + 0.2}};
  record.metrics["mem_peak"] = {.unit = "bytes", .value = 7, .per_rank = {7.0, std::nullopt}};
  record.metrics["rss_peak"] = {.unit = "bytes"};
  record.metrics["tokens_per_expert"] = {
      .unit = "rows", .samples = {1, 2, 3, 4, 5, 6}, .shape = {2, 3}};
  record.environment = {{"cpu", "a \"fast\" one"}, {"git_sha", "abc"}};
  record.warnings = {"load 1.5 on 2 cores"};
  record.started_at = "2024-01-02T03:04:05Z";
  return record;
}

void expect_same(const CellRecord& a, const CellRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.scenario, b.scenario);
  EXPECT_EQ(a.workload, b.workload);
  EXPECT_EQ(a.axes, b.axes);
  EXPECT_EQ(a.repetition, b.repetition);
  EXPECT_EQ(a.disposition, b.disposition);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.stderr_tail, b.stderr_tail);
  EXPECT_EQ(a.metrics, b.metrics);
  EXPECT_EQ(a.environment, b.environment);
  EXPECT_EQ(a.warnings, b.warnings);
  EXPECT_EQ(a.started_at, b.started_at);
  EXPECT_EQ(a.pair, b.pair);
  EXPECT_EQ(a.known_failure, b.known_failure);
  EXPECT_EQ(a.scenarios, b.scenarios);
}

// The example as JSON, with one change made to it.
template <typename Change>
std::string changed(const Change& change) {
  auto json = nlohmann::ordered_json::parse(to_json_line(example()));
  change(json);
  return json.dump();
}

std::string reading_error(const std::string& json) {
  return moebench::error_of([&] { parse_record(json, "results.jsonl:12"); });
}

TEST(RecordJson, ReadsBackEverythingItWrote) {
  const CellRecord record = example();
  const std::string line = to_json_line(record);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  expect_same(parse_record(line, "here"), record);
}

TEST(RecordJson, PairAndKnownFailureStandWhereTheyApply) {
  CellRecord record = example();
  record.pair = PairPlace{"0123456789ab", 3, Arm::kCandidate, 1};
  record.known_failure = KnownFailure{"too large for CI", "2030-12-31"};
  const std::string line = to_json_line(record);
  EXPECT_THAT(line,
              HasSubstr(R"("pair":{"cell":"0123456789ab","index":3,"arm":"candidate","order":1},)"
                        R"("known_failure":{"reason":"too large for CI","until":"2030-12-31"}})"));
  expect_same(parse_record(line, "here"), record);
  EXPECT_THAT(reading_error(changed([](auto& json) {
                json["pair"] = {{"cell", "x"}, {"index", 0}, {"arm", "third"}, {"order", 0}};
              })),
              HasSubstr("pair: unknown arm 'third'; use base or candidate"));
}

TEST(RecordJson, AScenarioNamesItsBaselineWhereItHasOne) {
  CellRecord record = example();
  record.scenarios = {{"a", "/f.yaml", "parallelism=fsdp,expert_kernel=grouped"}, {"b", "/f.yaml"}};
  const std::string line = to_json_line(record);
  EXPECT_THAT(line, HasSubstr(R"("scenarios":[{"name":"a","file":"/f.yaml","baseline":)"
                              R"("parallelism=fsdp,expert_kernel=grouped"},)"
                              R"({"name":"b","file":"/f.yaml"}])"));
  expect_same(parse_record(line, "here"), record);
}

TEST(KnownFailure, HoldsUntilItsDayHasPassed) {
  const KnownFailure failure{"why", "2030-12-31"};
  EXPECT_TRUE(failure.is_active("2030-12-31"));
  EXPECT_FALSE(failure.is_active("2031-01-01"));
  EXPECT_TRUE((KnownFailure{"why", ""}).is_active("2999-01-01"));
}

TEST(MachineReportJson, IsOneIndentedDocument) {
  MachineReport report;
  report.environment = {{"cores_allowed", "2"}};
  report.metrics["message_size"] = {.unit = "bytes", .samples = {8192, 16384}};
  report.warnings = {"busy"};
  EXPECT_EQ(to_json(report),
            "{\n  \"schema_version\": 1,\n  \"schema_minor\": 5,\n  \"environment\": {\n    "
            "\"cores_allowed\": \"2\"\n  },\n"
            "  \"metrics\": {\n    \"message_size\": {\n      \"unit\": \"bytes\",\n"
            "      \"samples\": [8192,16384]\n    }\n  },\n  \"warnings\": [\"busy\"]\n}\n");
}

TEST(RecordJson, KeepsAxesInTheirOrderAndOmitsAbsentParts) {
  EXPECT_EQ(
      to_json_line(example()),
      R"({"schema_version":1,"schema_minor":5,"id":"0123456789ab","scenario":"quickstart",)"
      R"("workload":"ba9876543210",)"
      R"("axes":{"parallelism":"ep","ep_degree":"2","dtype":"bf16"},"repetition":1,)"
      R"("disposition":"ok","message":"","stderr_tail":"","metrics":{)"
      R"("loss":{"unit":"1","value":0.30000000000000004,"samples":[3.5,0.30000000000000004]},)"
      R"("mem_peak":{"unit":"bytes","value":7,"per_rank":[7,null]},)"
      R"("rss_peak":{"unit":"bytes","value":null},)"
      R"("runtime":{"unit":"ns","value":996000000000},)"
      R"("tokens_per_expert":{"unit":"rows","samples":[1,2,3,4,5,6],"shape":[2,3]}},)"
      R"("environment":{"cpu":"a \"fast\" one","git_sha":"abc"},)"
      R"("warnings":["load 1.5 on 2 cores"],"started_at":"2024-01-02T03:04:05Z"})");
}

TEST(RecordJson, NumbersReadBackBitForBit) {
  CellRecord record = example();
  Metric& metric = record.metrics["loss"];
  metric.samples = {1e-300, 1.0 / 3, 9007199254740993.0, 1e300, -0.0, 5e-324, -17};
  const Metric back = parse_record(to_json_line(record), "here").metrics["loss"];
  EXPECT_EQ(back, metric);
  EXPECT_TRUE(std::signbit(back.samples[4]));
}

TEST(RecordJson, WritesNullForWhatIsNotFinite) {
  CellRecord record = example();
  record.metrics["loss"] = {.unit = "1",
                            .value = std::numeric_limits<double>::quiet_NaN(),
                            .samples = {1, std::numeric_limits<double>::infinity()}};
  const std::string line = to_json_line(record);
  EXPECT_THAT(line, HasSubstr(R"("value":null,"samples":[1,null])"));
  const Metric back = parse_record(line, "here").metrics["loss"];
  EXPECT_FALSE(back.value.has_value());
  EXPECT_TRUE(std::isnan(back.samples[1]));
}

TEST(RecordJson, AcceptsAnyBytesInStderr) {
  CellRecord record = example();
  record.stderr_tail = "bad \xff byte\nnext";
  EXPECT_EQ(parse_record(to_json_line(record), "here").stderr_tail, "bad \xEF\xBF\xBD byte\nnext");
}

TEST(RecordJson, ErrorsNamePlaceAndRemedy) {
  EXPECT_THAT(reading_error("{\"id\":"),
              AllOf(StartsWith("results.jsonl:12: "), HasSubstr("JSON")));
  EXPECT_THAT(reading_error("[]"), HasSubstr("is no object but array"));
  EXPECT_EQ(reading_error(changed([](auto& json) { json.erase("id"); })),
            "results.jsonl:12: has no 'id'; remove that line: what the others hold stays, and its "
            "repetition runs again");
  EXPECT_THAT(reading_error(changed([](auto& json) { json["repetition"] = "1"; })),
              HasSubstr("'repetition' must be an integer from 0, not \"1\""));
  EXPECT_THAT(reading_error(changed([](auto& json) { json["axes"]["dtype"] = 16; })),
              HasSubstr("results.jsonl:12: axes: 'dtype' must be a string, not 16"));
  EXPECT_THAT(reading_error(changed([](auto& json) { json["disposition"] = "fine"; })),
              HasSubstr("unknown disposition 'fine'; use ok, incorrect, out_of_memory"));
}

// A record as a later version of the same major number may write it: something new at every level.
nlohmann::ordered_json record_from_the_future() {
  CellRecord record = example();
  record.pair = PairPlace{"0123456789ab", 3, Arm::kBase, 0};
  record.known_failure = KnownFailure{"too large for CI", ""};
  record.scenarios = {{"quickstart", "/a/b.yaml"}, {"other", "/a/b.yaml"}};
  auto json = nlohmann::ordered_json::parse(to_json_line(record));
  json["schema_minor"] = kSchemaMinor + 7;
  json["metrics"]["runtime"]["precision"] = 0.25;
  json["metrics"]["tokens_per_joule"] = {{"unit", "tokens/J"}, {"value", 3}, {"source", "meter"}};
  json["environment"]["room_temperature"] = "21";
  json["axes"]["colour"] = "red";
  json["pair"]["round"] = {{"index", 4}, {"names", {"a", "\"b\""}}};
  json["known_failure"]["owner"] = nullptr;
  json["scenarios"][1]["line"] = 7;
  json["energy"] = {{"joule", 1.5}, {"of", {1, 2, 3}}};
  return json;
}

TEST(RecordJson, AFileFromTheFutureIsReadAndWrittenBackWhole) {
  const auto json = record_from_the_future();
  const CellRecord record = parse_record(json.dump(), "results.jsonl:12");
  EXPECT_EQ(record.value("runtime"), 996e9);
  EXPECT_EQ(record.value("tokens_per_joule"), 3);
  EXPECT_EQ(record.axis("colour"), "red");
  EXPECT_EQ(record.pair->index, 3);
  EXPECT_EQ(record.scenario_names(), (std::vector<std::string>{"quickstart", "other"}));
  // Unknown members move to the end of their objects, so the objects are compared, not the text.
  EXPECT_EQ(nlohmann::json::parse(to_json_line(record)), nlohmann::json(json));
  const auto document = nlohmann::json::parse(to_json_document({record}));
  EXPECT_EQ(document["records"][0], nlohmann::json(json));
}

TEST(RecordJson, ARecordOfBeforeMinorVersionsIsRead) {
  const CellRecord record =
      parse_record(changed([](auto& json) { json.erase("schema_minor"); }), "here");
  EXPECT_EQ(record.schema_minor, 0);
  expect_same(record, example());
}

TEST(RecordJson, AnotherMajorVersionIsAnErrorThatNamesTheRemedy) {
  EXPECT_EQ(reading_error(changed([](auto& json) { json["schema_version"] = 2; })),
            "results.jsonl:12: schema_version is 2, this moebench reads 1; use the moebench that "
            "wrote it, or another results folder");
  EXPECT_THAT(reading_error(changed([](auto& json) { json.erase("schema_version"); })),
              HasSubstr("has no 'schema_version'"));
  EXPECT_THAT(reading_error(changed([](auto& json) { json["schema_minor"] = "new"; })),
              HasSubstr("'schema_minor' must be an integer from 0, not \"new\""));
}

TEST(RecordJson, MetricErrorsNameTheMetric) {
  EXPECT_THAT(reading_error(changed([](auto& json) { json["metrics"]["runtime"]["value"] = "1"; })),
              HasSubstr("metrics: runtime: 'value' must be a number or null"));
  EXPECT_THAT(reading_error(changed([](auto& json) { json["metrics"]["runtime"].erase("value"); })),
              HasSubstr("runtime: has none of 'value', 'per_rank', 'samples'"));
  EXPECT_THAT(reading_error(changed([](auto& json) { json["metrics"]["runtime"].erase("unit"); })),
              HasSubstr("runtime: has no 'unit'"));
  EXPECT_THAT(reading_error(changed([](auto& json) {
                json["metrics"]["tokens_per_expert"]["shape"] = {2, 2};
              })),
              HasSubstr("'shape' does not fit the number of samples"));
}

TEST(RankResultJson, ReadsBackEverythingItWrote) {
  RankResult result;
  result.rank = 3;
  result.world_size = 4;
  result.disposition = Disposition::kUnsupported;
  result.message = "no bf16 here";
  result.metrics["runtime"] = {.unit = "ns", .value = 12.5};
  result.environment = {{"cpu", "x"}};
  const RankResult back = parse_rank_result(to_json(result), "rank_3.json");
  EXPECT_EQ(back.rank, 3);
  EXPECT_EQ(back.world_size, 4);
  EXPECT_EQ(back.disposition, Disposition::kUnsupported);
  EXPECT_EQ(back.message, result.message);
  EXPECT_EQ(back.metrics, result.metrics);
  EXPECT_EQ(back.environment, result.environment);
  EXPECT_THROW(parse_rank_result("{}", "rank_3.json"), Error);
}

TEST(RankResultJson, IgnoresWhatANewerWorkerAdds) {
  RankResult result;
  result.world_size = 2;
  auto json = nlohmann::ordered_json::parse(to_json(result));
  json["schema_minor"] = kSchemaMinor + 1;
  json["temperature"] = {{"unit", "celsius"}};
  EXPECT_EQ(parse_rank_result(json.dump(), "rank_0.json").world_size, 2);
  json["schema_version"] = 2;
  EXPECT_THROW(parse_rank_result(json.dump(), "rank_0.json"), Error);
}

TEST(Disposition, NamesReadBack) {
  for (const char* name :
       {"ok", "incorrect", "out_of_memory", "timed_out", "crashed", "unsupported"}) {
    EXPECT_STREQ(to_string(parse_name<Disposition>(name, "disposition")), name);
  }
}

TEST(RecordDocument, IsIndentedJsonOfTheSameObjects) {
  const std::string text = to_json_document({example(), example()});
  const auto json = nlohmann::ordered_json::parse(text);
  EXPECT_EQ(json["schema_version"], kSchemaVersion);
  ASSERT_EQ(json["records"].size(), 2u);
  EXPECT_EQ(json["records"][1].dump(), to_json_line(example()));
  EXPECT_THAT(text, HasSubstr("\n          \"samples\": [1,2,3,4,5,6],\n"));
  EXPECT_EQ(to_json_document({}),
            "{\n  \"schema_version\": 1,\n  \"schema_minor\": 5,\n  \"records\": []\n}\n");
}

}  // namespace
}  // namespace moebench::record
