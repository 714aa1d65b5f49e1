#include <fmt/core.h>

#include <map>

#include "harness/base/printable.h"
#include "reports/gate/names.h"
#include "reports/gate/outputs.h"

namespace moebench::gate {
namespace {

// Escapes for an attribute. XML 1.0 knows few control characters, and no bytes that are not UTF-8.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : markup_text(text)) {
    if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

// The cases of one suite, counted.
struct Suite {
  int tests = 0, failures = 0, errors = 0, skipped = 0;
  std::string cases;

  void add(const std::string& cell, const std::string& metric, Verdict verdict,
           const std::string& message) {
    ++tests;
    cases +=
        fmt::format("    <testcase classname=\"{}\" name=\"{}\"", escaped(cell), escaped(metric));
    const char* element = element_of(verdict);
    if (element == nullptr) {
      cases += "/>\n";
      return;
    }
    cases += fmt::format(">\n      <{} type=\"{}\" message=\"{}: {}\"/>\n    </testcase>\n",
                         element, to_string(verdict), to_string(verdict), escaped(message));
  }

 private:
  const char* element_of(Verdict verdict) {
    switch (verdict) {
      case Verdict::kPass:
      case Verdict::kImproved:
        return nullptr;
      case Verdict::kRegressed:
        ++failures;
        return "failure";
      case Verdict::kFailed:
      case Verdict::kMissing:
        ++errors;
        return "error";
      case Verdict::kNew:
      case Verdict::kKnownFailure:
      case Verdict::kInconclusive:
        break;
    }
    ++skipped;
    return "skipped";
  }
};

}  // namespace

std::string write_junit(const Report& report) {
  std::map<std::string, Suite> suites;
  for (const CellResult& cell : report.cells) {
    Suite& suite = suites[cell.scenario];
    const std::string name = describe(cell, report);
    for (const MetricTest& test : cell.tests)
      suite.add(name, test.metric, test.verdict, sentence(test));
    if (cell.tests.empty()) suite.add(name, "run", cell.verdict, cell.message);
  }
  for (const MetricTest& test : report.suite) {
    // As in Report::worst().
    const bool is_worse = test.verdict == Verdict::kRegressed;
    suites["all cells"].add("all cells", test.metric, is_worse ? test.verdict : Verdict::kPass,
                            sentence(test));
  }
  Suite all;
  for (const auto& [name, suite] : suites) {
    all.tests += suite.tests;
    all.failures += suite.failures;
    all.errors += suite.errors;
  }
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"moebench\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
      all.tests, all.failures, all.errors);
  for (const auto& [name, suite] : suites) {
    text += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n"
        "{}  </testsuite>\n",
        escaped(name), suite.tests, suite.failures, suite.errors, suite.skipped, suite.cases);
  }
  return text + "</testsuites>\n";
}

}  // namespace moebench::gate
