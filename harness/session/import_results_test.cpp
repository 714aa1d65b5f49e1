#include "harness/session/import_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"
#include "reports/write/format.h"
#include "reports/write/write.h"

namespace moebench::session {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Facts: the two rows of the table in fms-acceleration's pull request 69 (Mixtral-8x7B on 8 GPUs),
// in the columns of its benchmarks' raw summary.
constexpr const char* kPullRequest69 =
    "model_name_or_path,num_gpus,framework_config,mem_peak_torch_mem_alloc_in_bytes,"
    "mem_torch_mem_alloc_in_bytes,train_runtime,train_tokens_per_second\n"
    "Mixtral-8x7B,8,none,54800000000,44000000000,4019,83\n"
    "Mixtral-8x7B,8,moe-megablocks,45500000000,33500000000,996,337\n";

class ImportResults : public ::testing::Test {
 protected:
  Import fms(const std::string& text, const std::string& name = "raw_summary.csv") {
    return {.format = "fms",
            .file = folder_.write(name, text),
            .scenario = "fms",
            .folder = folder_.path() / "results"};
  }

  TestFolder folder_;
};

TEST_F(ImportResults, TheOriginalTableIsComputed) {
  const auto records = import_results(fms(kPullRequest69)).records;
  const std::string text =
      reports::print(reports::fms_table_document(records), reports::Format::kMarkdown);
  EXPECT_THAT(text,
              AllOf(HasSubstr("| Mixtral-8x7B | 8"), HasSubstr("| none "),
                    HasSubstr("| ep8-megablocks |"), HasSubstr(" -17.0 % "), HasSubstr(" 4.04x ")));
  const std::string report = reports::write_report(records, {});
  EXPECT_THAT(report, AllOf(HasSubstr("-17.0 %"), HasSubstr("-23.9 %"), HasSubstr("4.0x ?"),
                            HasSubstr("4.1x ?"),
                            HasSubstr("warning: tokens/s is extrapolated by fms-acceleration")));
}

TEST_F(ImportResults, RecordsSayWhatTheyAre) {
  const Import import = fms(kPullRequest69);
  import_results(import);
  const auto records = record::load(import.folder);
  ASSERT_EQ(records.size(), 2u);
  const record::Environment& environment = records[1].environment;
  EXPECT_EQ(environment.at("imported"), "fms");
  EXPECT_EQ(environment.at("import_file"), import.file.string());
  EXPECT_EQ(environment.at("import_place"), "line 3");
  EXPECT_EQ(environment.at("import_hash").size(), 16u);
  EXPECT_EQ(environment.at("fms.framework_config"), "moe-megablocks");
  EXPECT_EQ(records[1].scenario, "fms");
  EXPECT_FALSE(records[1].started_at.empty());
}

TEST_F(ImportResults, TheSameFileTwiceIsRefused) {
  import_results(fms(kPullRequest69));
  EXPECT_THAT(error_of([&] { import_results(fms(kPullRequest69, "copy.csv")); }),
              AllOf(HasSubstr("copy.csv' was imported into"), HasSubstr("raw_summary.csv'")));
  EXPECT_EQ(record::load(folder_.path() / "results").size(), 2u);
}

TEST_F(ImportResults, EqualConditionsAreRepetitions) {
  import_results(fms(kPullRequest69));
  std::string other = kPullRequest69;
  other.replace(other.find("4019"), 4, "4020");
  const auto records = import_results(fms(other, "second.csv")).records;
  EXPECT_EQ(records[0].repetition, 1);
  EXPECT_EQ(records[0].id, record::load(folder_.path() / "results")[0].id);
}

TEST_F(ImportResults, ABadFileAddsNothing) {
  EXPECT_THAT(error_of([&] { import_results(fms(std::string(kPullRequest69) + "a,b\n")); }),
              HasSubstr("raw_summary.csv:4: has 2 fields"));
  EXPECT_THAT(error_of([&] { import_results(fms("model_name_or_path,num_gpus,train_runtime\n")); }),
              HasSubstr("raw_summary.csv: tells of no run"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "results"));
}

TEST_F(ImportResults, GoogleBenchmarksAreReported) {
  const Import import{.format = "gbench",
                      .file = folder_.write("b.json", R"({"context": {}, "benchmarks": [
          {"name": "BM_Copy/8", "real_time": 2, "cpu_time": 2, "time_unit": "us", "rows": 64},
          {"name": "BM_Copy/9", "error_occurred": true, "error_message": "no | memory"}]})"),
                      .scenario = "gbench",
                      .folder = folder_.path() / "results"};
  const std::string report = reports::write_report(import_results(import).records, {});
  EXPECT_THAT(report, AllOf(HasSubstr("| arg1 |"), HasSubstr("real time (µs)"), HasSubstr("rows"),
                            HasSubstr("CRASHED: no ")));
}

}  // namespace
}  // namespace moebench::session
