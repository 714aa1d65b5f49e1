#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/testing/golden_testing.h"
#include "reports/write/document_testing.h"
#include "reports/write/printers.h"

namespace moebench::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What lies between the page's own parts.
std::string report_in(const std::string& page) {
  const std::size_t begin = page.find("<main");
  return page.substr(begin, page.find("</main>") - begin) + "</main>\n";
}

TEST(PrintHtml, ShowsEveryKindOfBlock) {
  Document document = test::sample_document();
  document.emplace_back(test::sample_figure());
  expect_golden("sample.html", report_in(print_html(document, {})));
}

TEST(PrintHtml, WhatDataHoldsEndsNoElement) {
  Figure figure = test::sample_figure();
  figure.title = "\"><script>alert(1)</script>";
  figure.data = R"({"label": "</script><!-- <script>"})";
  const std::string report = report_in(print_html({figure}, {}));
  EXPECT_THAT(report, HasSubstr(R"({"label": "\u003c/script>\u003c!-- \u003cscript>"})"));
  EXPECT_THAT(report, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(report, Not(HasSubstr("\"\">")));
}

TEST(PrintHtml, FetchesNothingAndBringsTheLicence) {
  const std::string page = print_html({test::sample_figure()}, {});
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("<script src")));
  EXPECT_THAT(page, Not(HasSubstr("<link")));
  EXPECT_THAT(page, HasSubstr("Licensed under the Apache License"));
  EXPECT_THAT(page, HasSubstr("Copyright 2017-2026 The Apache Software Foundation"));
  EXPECT_LT(page.size(), 1.5e6);
}

TEST(PrintHtml, HasNoScriptsWithoutFigures) {
  EXPECT_THAT(print_html(test::sample_document(), {}), Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace moebench::reports
