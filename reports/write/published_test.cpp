#include "reports/write/published.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"
#include "reports/write/format.h"
#include "reports/write/records_testing.h"

namespace moebench::reports {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kHeader =
    "model,hardware,gpus,framework,parallelism,dtype,seq_len,routing,tokens_per_second_per_gpu,"
    "mfu_percent,notes,source,date\n";

std::string text_of(const std::vector<record::CellRecord>& records, const std::string& rows) {
  const auto figures = read_published(test_file("published.csv", kHeader + rows));
  return print(published_document(records, figures), Format::kMarkdown);
}

std::string error(const std::string& text) {
  return error_of([&] { read_published(test_file("published.csv", text)); });
}

TEST(Published, StandsBesideWhatWasMeasured) {
  auto records = test::fms_records();
  for (auto& record : records) record.environment["gpu_model"] = "NVIDIA A100-SXM4-80GB";
  const std::string text = text_of(
      records,
      "org/Mixtral-8x7B-Instruct-v0.1,A100-80GB,8,theirs,ep 8,bf16,,,337,,,https://a,2024-01-02\n"
      "Mixtral 8x7B,B200,64,others,ep 8,fp8,4096,forced balance,4770,14.59,,https://b,\n"
      "Mixtral 8x22B,B200,64,others,ep 8,fp8,4096,,1,,,https://c,\n");
  EXPECT_THAT(text, HasSubstr("No two rows are a comparison of like with like"));
  EXPECT_THAT(text, HasSubstr("| framework; not said: length "));
  EXPECT_THAT(text, HasSubstr("https\\://a, 2024-01-02"));
  EXPECT_THAT(text,
              HasSubstr("hardware, GPUs, dtype, length, routing (forced balance), framework"));
  EXPECT_THAT(text, HasSubstr("14.6 %"));
  EXPECT_THAT(text, Not(HasSubstr("//c")));
}

TEST(Published, SaysThatNothingIsOfTheModels) {
  const std::string text = text_of(test::quickstart(), "A,,,f,,,,,1,,,s,\nB,,,f,,,,,1,,,s,\n");
  EXPECT_THAT(text, AllOf(HasSubstr("Nothing is published here of the models"),
                          HasSubstr("There are figures of A, B.")));
}

TEST(Published, SaysWhatIsWrongWhere) {
  EXPECT_THAT(error("model,source\n"), HasSubstr("published.csv:1: has no column tokens_per"));
  EXPECT_THAT(error(std::string(kHeader) + "m,,,,,,,,1,,,,\n"), HasSubstr(".csv:2: a published"));
  EXPECT_THAT(error(std::string(kHeader) + "m,,,,,,,,,,,s,\n"), HasSubstr(".csv:2: has neither"));
  EXPECT_THAT(error(std::string(kHeader) + "m,,,,,,,,fast,,,s,\n"),
              HasSubstr(".csv:2: tokens_per_second_per_gpu is 'fast'"));
}

TEST(Published, TheFiguresOfTheTreeAreRead) {
  const auto figures = read_published(MOEBENCH_PUBLISHED);
  EXPECT_GT(figures.size(), 100u);
  for (const PublishedFigure& figure : figures) {
    EXPECT_THAT(figure.source, StartsWith("https://")) << figure.model;
  }
}

}  // namespace
}  // namespace moebench::reports
