#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "reports/write/document_testing.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string svg_error(const Document& document, const std::string& figure) {
  try {
    print_svg(document, {.figure = figure});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Document of_two_scenarios() {
  Document document;
  for (const char* scenario : {"a", "b"}) {
    add_heading(document, 2, scenario);
    document.emplace_back(test::sample_figure());
  }
  Figure other = test::sample_figure();
  other.name = "steps";
  document.emplace_back(other);
  return document;
}

TEST(PrintSvg, AnUnknownFigureIsAnErrorThatListsThem) {
  const std::string error = svg_error(of_two_scenarios(), "pie");
  EXPECT_THAT(error, HasSubstr("no picture 'pie'; use one of a/gain, b/gain, steps"));
  EXPECT_THAT(svg_error(of_two_scenarios(), ""), HasSubstr("--figure, one of a/gain"));
  EXPECT_THAT(svg_error(of_two_scenarios(), "gain"), HasSubstr("use one of a/gain"));
  EXPECT_THAT(svg_error(test::sample_document(), "gain"), HasSubstr("another format than svg"));
}

TEST(PrintSvg, FindsAFigureByItsNameOrItsScenario) {
  for (const char* name : {"steps", "b/steps", "a/gain"}) {
    EXPECT_THAT(svg_error(of_two_scenarios(), name), Not(HasSubstr("no picture"))) << name;
  }
}

}  // namespace
}  // namespace moebench::reports
