#include "reports/write/loading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/file.h"
#include "reports/write/profiles_testing.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Loading, ReportIsTheGoldenText) {
  Document document = report_document(test::loads());
  append(document, load_profiles_document(test::loads()));
  const std::string text = print(document, Format::kMarkdown);
  const auto path = std::filesystem::path(MOEBENCH_GOLDEN_FOLDER) / "loading.md";
  if (std::getenv("MOEBENCH_UPDATE_GOLDEN")) write_file_atomically(path, text);
  EXPECT_EQ(text, read_file(path));
}

TEST(Loading, ComparesWithTheConcatOfTheSameCacheOnly) {
  const auto all = test::loads();
  const std::string text = write_report({all[0], all[4]}, {});
  EXPECT_THAT(text, Not(HasSubstr("30.9x")));
  EXPECT_THAT(text, HasSubstr("reference"));
}

TEST(Loading, TrainingScenariosStayAsTheyAre) {
  auto record = test::loads()[0];
  record.environment["measure"] = "train";
  EXPECT_THAT(write_report({record}, {}), HasSubstr("tokens/s"));
}

}  // namespace
}  // namespace moebench::reports
