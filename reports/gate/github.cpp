#include <fmt/core.h>

#include <algorithm>

#include "harness/base/printable.h"
#include "reports/gate/names.h"
#include "reports/gate/outputs.h"

namespace moebench::gate {
namespace {

constexpr std::size_t kMaxOfAType = 10;

struct Annotation {
  Verdict verdict = Verdict::kPass;
  double badness = 0;
  std::string title;
  std::string message;
};

// A workflow command ends at a line break, and its properties at a comma or colon.
std::string escaped(const std::string& text, bool is_property) {
  std::string out;
  for (const char c : printable_lines(text)) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\n') {
      out += "%0A";
    } else if (is_property && c == ':') {
      out += "%3A";
    } else if (is_property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

Annotation of_test(const MetricTest& test, const std::string& name) {
  Annotation annotation{test.verdict, test.change ? test.change->estimate : 0,
                        fmt::format("{}: {}", to_string(test.verdict), name), ""};
  annotation.message = fmt::format("{} {}: {}", name, test.metric, sentence(test));
  return annotation;
}

bool is_notable(Verdict verdict) {
  return verdict != Verdict::kPass && verdict != Verdict::kImproved;
}

std::vector<Annotation> annotations(const Report& report) {
  std::vector<Annotation> all;
  for (const MetricTest& test : report.suite) {
    if (test.verdict == Verdict::kRegressed) all.push_back(of_test(test, describe_all(report)));
  }
  for (const CellResult& cell : report.cells) {
    const std::string name = describe(cell, report);
    for (const MetricTest& test : cell.tests) {
      if (is_notable(test.verdict)) all.push_back(of_test(test, name));
    }
    if (cell.tests.empty() && is_notable(cell.verdict)) {
      all.push_back({cell.verdict, 0, fmt::format("{}: {}", to_string(cell.verdict), name),
                     fmt::format("{}: {}", name, cell.message)});
    }
  }
  std::ranges::stable_sort(all, [](const Annotation& a, const Annotation& b) {
    if (a.verdict != b.verdict) return a.verdict > b.verdict;
    return a.badness > b.badness;
  });
  return all;
}

std::string commands(const char* type, const std::vector<Annotation>& all) {
  std::string text;
  const std::size_t count = all.size() > kMaxOfAType ? kMaxOfAType - 1 : all.size();
  const auto add = [&](const std::string& title, const std::string& message) {
    text += fmt::format("::{} title={}::{}\n", type, escaped(title, true), escaped(message, false));
  };
  for (std::size_t i = 0; i < count; ++i) add(all[i].title, all[i].message);
  if (count < all.size()) {
    add(fmt::format("{} more", all.size() - count),
        fmt::format("{} more; the job's summary lists all", all.size() - count));
  }
  return text;
}

}  // namespace

std::string write_annotations(const Report& report) {
  std::vector<Annotation> errors, warnings;
  for (Annotation& annotation : annotations(report)) {
    (annotation.verdict >= Verdict::kMissing ? errors : warnings).push_back(std::move(annotation));
  }
  return commands("error", errors) + commands("warning", warnings);
}

}  // namespace moebench::gate
