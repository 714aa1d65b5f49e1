#include "tools/moebench/load_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <set>

#include "harness/base/error.h"
#include "harness/record/program.h"
#include "harness/record/results_file.h"
#include "harness/session/plan.h"
#include "reports/write/axis_values.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;
using record::CellRecord;

// Repetitions of different programs are not averaged unless that is asked for.
std::vector<CellRecord> of_one_program_each(std::vector<CellRecord> records) {
  auto parted = record::of_latest_programs(std::move(records));
  std::set<std::string> others;
  for (const CellRecord& record : parted.left_out) others.insert(program_of(record));
  if (!others.empty()) {
    std::cerr << fmt::format(
        "note: left out {} of another program than their cell's latest ({}); --keep-other-builds "
        "takes them in\n",
        parted.left_out.size() == 1 ? "1 result"
                                    : fmt::format("{} results", parted.left_out.size()),
        fmt::join(others, "; "));
  }
  return std::move(parted.kept);
}

std::vector<CellRecord> load_folder(const std::string& folder, const ResultsToLoad& results,
                                    std::vector<std::string>& warnings) {
  std::vector<record::BadLine> bad;
  auto records = results.excerpt ? record::load_excerpts(folder, *results.excerpt, bad)
                                 : record::load(folder, record::Duplicates::kLaterCounts, bad);
  for (std::string& warning : record::warnings_of(bad)) {
    std::cerr << "warning: " << warning << '\n';
    warnings.push_back(std::move(warning));
  }
  if (records.empty()) {
    throw Error("no results in '{}': it has no results.jsonl with a record; see moebench run",
                folder);
  }
  return results.keep_other_builds ? records : of_one_program_each(std::move(records));
}

// The folder's path without links and dots, as its parts.
std::vector<std::string> parts_of(const std::string& folder) {
  fs::path path = fs::weakly_canonical(folder);
  if (fs::is_regular_file(path)) path = path.parent_path();
  return {path.begin(), path.end()};
}

bool has_repeated(std::vector<std::string> words) {
  std::ranges::sort(words);
  return std::ranges::adjacent_find(words) != words.end();
}

}  // namespace

std::vector<std::string> labels_of(const ResultsToLoad& results) {
  if (!results.labels.empty()) {
    if (results.labels.size() != results.folders.size()) {
      throw Error("--label has {} names for {} results folders; give each folder one",
                  results.labels.size(), results.folders.size());
    }
    if (has_repeated(results.labels)) {
      throw Error("--label gives two results folders one name; give each its own");
    }
    return results.labels;
  }
  std::vector<std::vector<std::string>> parts;
  std::size_t longest = 1;
  for (const std::string& folder : results.folders) {
    parts.push_back(parts_of(folder));
    longest = std::max(longest, parts.back().size());
  }
  for (std::size_t length = 1; length <= longest; ++length) {
    std::vector<std::string> labels;
    for (const auto& path : parts) {
      const auto begin = path.end() - static_cast<std::ptrdiff_t>(std::min(length, path.size()));
      labels.push_back(fmt::format("{}", fmt::join(begin, path.end(), "/")));
    }
    if (!has_repeated(labels)) return labels;
  }
  throw Error("a results folder is named twice; name each once");
}

std::vector<CellRecord> load_results(const ResultsToLoad& results,
                                     std::vector<std::string>* warnings) {
  std::vector<std::string> complaints;
  std::vector<CellRecord> all;
  const std::vector<std::string> labels = labels_of(results);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto records = load_folder(results.folders[i], results, complaints);
    if (labels.size() > 1) {
      for (CellRecord& record : records) {
        record.axes.insert(record.axes.begin(), {reports::kResultsAxis, labels[i]});
      }
    }
    if (all.empty()) {
      all = std::move(records);
    } else {
      std::ranges::move(records, std::back_inserter(all));
    }
  }
  if (warnings != nullptr) *warnings = std::move(complaints);
  return reports::with_axes(std::move(all), axis_values(results.filters, "--filter"));
}

reports::AxisValues axis_values(const std::vector<std::string>& words, const std::string& option) {
  reports::AxisValues axes;
  for (const std::string& word : words) axes.push_back(session::parse_pair(word, option));
  return axes;
}

}  // namespace moebench::cli
