#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "harness/testing/golden_testing.h"
#include "reports/write/document_testing.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

nlohmann::json parsed(const Document& document) {
  return nlohmann::json::parse(print_json(document, {}));
}

TEST(PrintJson, SampleIsTheGoldenText) {
  expect_golden("sample.json", print_json(test::sample_document(), {}));
}

TEST(PrintJson, ReadsBackAsBaseUnits) {
  const auto json = parsed(test::sample_document());
  ASSERT_EQ(json["sections"].size(), 3u);
  const auto& rows = json["sections"][0]["tables"][0]["rows"];
  EXPECT_EQ(rows[0]["mem_peak"], 54.8e9);
  EXPECT_EQ(rows[0]["percall 2"], 0.1 + 0.2);
  EXPECT_TRUE(rows[1]["mem_peak"].is_null());
  EXPECT_EQ(rows[1]["result"], "out_of_memory");
  EXPECT_EQ(json["sections"][1]["path"], nlohmann::json({"Quick\nstart", "Rates"}));
}

TEST(PrintJson, TakesWhatJsonCannotHold) {
  Table table = {key_column("\xff"), number_column("n")};
  add_row(table, {"\xfe", std::numeric_limits<double>::infinity()});
  const auto row = parsed({table})["sections"][0]["tables"][0]["rows"][0];
  EXPECT_TRUE(row["n"].is_null());
}

TEST(PrintJson, OfNothingHasNoSections) { EXPECT_TRUE(parsed({})["sections"].empty()); }

}  // namespace
}  // namespace moebench::reports
