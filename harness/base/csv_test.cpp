#include "harness/base/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace moebench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

CsvTable table(std::string_view text) { return {text, "raw.csv"}; }

std::string csv_error(std::string_view text) {
  try {
    table(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Csv, ReadsColumnsByName) {
  const CsvTable t = table("a,b\n1,2\n3,4\n");
  ASSERT_EQ(t.rows().size(), 2u);
  EXPECT_EQ(t.field(t.rows()[1], "b"), "4");
  EXPECT_EQ(t.field(t.rows()[1], "c"), "");
  EXPECT_TRUE(t.has("a"));
  EXPECT_FALSE(t.has("c"));
  EXPECT_EQ(t.place(t.rows()[1]), "raw.csv:3");
}

TEST(Csv, TakesWhatSpreadsheetsAndPandasWrite) {
  for (const char* text : {"\xEF\xBB\xBF\"\",b\r\n1,2\r\n", ",b\r1,2\r", ",b\n\n \n1,2"}) {
    const CsvTable t = table(text);
    EXPECT_THAT(t.header(), ElementsAre("column 1", "b")) << text;
    ASSERT_EQ(t.rows().size(), 1u) << text;
    EXPECT_THAT(t.rows()[0].fields, ElementsAre("1", "2")) << text;
  }
}

TEST(Csv, QuotedFieldsHoldAnything) {
  const CsvTable t = table("a,b\n\"x, \"\"y\"\"\r\n\n=1\",\"\"\nlast,1\n");
  ASSERT_EQ(t.rows().size(), 2u);
  EXPECT_THAT(t.rows()[0].fields, ElementsAre("x, \"y\"\r\n\n=1", ""));
  EXPECT_EQ(t.rows()[0].line, 2);
  EXPECT_EQ(t.rows()[1].line, 5);
}

TEST(Csv, SaysWhereARowDoesNotFitTheHeader) {
  EXPECT_THAT(csv_error("a,b\n1,2\n\n3\n"),
              StartsWith("raw.csv:4: has 1 fields, the header names 2"));
  EXPECT_THAT(csv_error("a,b\n1,2,3\n"), StartsWith("raw.csv:2: has 3 fields"));
  EXPECT_THAT(csv_error("a,b,a\n"), StartsWith("raw.csv:1: column 'a' is there twice"));
}

TEST(Csv, SaysWhereAQuoteIsWrong) {
  EXPECT_THAT(csv_error("a,b\n1,2\nx\"y,2\n"), StartsWith("raw.csv:3: a quote is out of place"));
  EXPECT_THAT(csv_error("a,b\n1,2\n\"3,4\n5,6\n"),
              StartsWith("raw.csv:3: a quote is out of place or never closed"));
}

TEST(Csv, RefusesWhatIsNoText) {
  EXPECT_THAT(csv_error(""), StartsWith("raw.csv: has no row"));
  EXPECT_THAT(csv_error("\n\r\n"), StartsWith("raw.csv: has no row"));
  EXPECT_THAT(csv_error(std::string_view("a\n1\n\0\n", 6)),
              StartsWith("raw.csv:3: has a NUL byte"));
  EXPECT_THAT(csv_error("a\n\xE9t\xE9\n"), StartsWith("raw.csv:2: has a byte that is not UTF-8"));
  EXPECT_THAT(csv_error("\xFF\xFE"
                        "a"),
              StartsWith("raw.csv:1: is UTF-16"));
}

TEST(Csv, ARowHasALimitThatItsErrorNames) {
  const std::string long_field(10'000'000, 'x');
  EXPECT_THAT(csv_error("a,b\n1,2\n1," + long_field + "\n"),
              StartsWith("raw.csv:3: the row is longer than 1048576 bytes"));
  // A quote that is never closed takes the rest of the file for its field.
  std::string rows = "a,b\n\"1,2\n";
  for (int i = 0; i < 300'000; ++i) rows += "1,2,3\n";
  EXPECT_THAT(csv_error(rows), HasSubstr("raw.csv:2: the row is longer than"));
}

}  // namespace
}  // namespace moebench
