#include "reports/write/axis_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"

namespace moebench::reports {
namespace {

using record::CellRecord;

// In the order of first appearance, each once.
class UniqueTexts {
 public:
  void add(const std::string& text) {
    if (seen_.insert(text).second) texts_.push_back(text);
  }
  std::vector<std::string> take() { return std::move(texts_); }

 private:
  std::unordered_set<std::string> seen_;
  std::vector<std::string> texts_;
};

std::vector<std::string> names_of(const std::vector<CellRecord>& records) {
  UniqueTexts names;
  for (const CellRecord& record : records) {
    for (const auto& [name, value] : record.axes) names.add(name);
  }
  return names.take();
}

void sort_by_number(std::vector<std::string>& values) {
  std::map<std::string, double> numbers;
  for (const std::string& value : values) {
    const auto number = parse_number<double>(value);
    if (!number) return;
    numbers[value] = *number;
  }
  std::ranges::stable_sort(values, {}, [&](const std::string& value) { return numbers[value]; });
}

}  // namespace

std::vector<std::string> sorted_values(const std::vector<Cell>& cells, const std::string& axis) {
  UniqueTexts unique;
  for (const Cell& cell : cells) unique.add(cell.axis(axis));
  std::vector<std::string> values = unique.take();
  sort_by_number(values);
  return values;
}

std::vector<std::string> differing_axes(const std::vector<const Cell*>& cells) {
  UniqueTexts names;
  for (const Cell* cell : cells) {
    for (const auto& [name, value] : cell->first().axes) names.add(name);
  }
  std::vector<std::string> differing = names.take();
  std::erase_if(differing, [&](const std::string& axis) {
    return std::ranges::all_of(
        cells, [&](const Cell* cell) { return cell->axis(axis) == cells.front()->axis(axis); });
  });
  return differing;
}

std::string describe_axes(const std::vector<CellRecord>& records,
                          const std::vector<std::string>& axes) {
  std::string text;
  for (const std::string& axis : axes) {
    UniqueTexts values;
    for (const CellRecord& record : records) {
      const std::string value = record.axis(axis);
      if (!value.empty()) values.add(value);
    }
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", axis, listed(values.take()));
  }
  return text;
}

std::string suggestion_and_list(const std::string& word, const std::vector<std::string>& known) {
  const std::string text = suggestion(word, known);
  const bool lists = text.starts_with("use one of");
  return lists ? text : fmt::format("{} There are: {}", text, listed(known));
}

void require_axes(const std::vector<CellRecord>& records, const std::vector<std::string>& axes,
                  const std::string& option) {
  if (axes.empty()) return;
  const std::vector<std::string> names = names_of(records);
  for (const std::string& axis : axes) {
    if (std::ranges::find(names, axis) != names.end()) continue;
    throw Error("{}: the results have no axis '{}'; {}", option, shortened(axis),
                suggestion_and_list(axis, names));
  }
}

std::vector<CellRecord> with_axes(std::vector<CellRecord> records, const AxisValues& axes) {
  if (axes.empty()) return records;
  std::vector<std::string> names;
  for (const auto& [name, value] : axes) names.push_back(name);
  require_axes(records, names, "--filter");
  const auto is_other = [&](const CellRecord& record) {
    return !std::ranges::all_of(
        axes, [&](const auto& axis) { return record.axis(axis.first) == axis.second; });
  };
  if (std::ranges::all_of(records, is_other)) {
    std::string wanted;
    for (const auto& [name, value] : axes) {
      wanted += fmt::format("{}{}={}", wanted.empty() ? "" : ", ", name, value);
    }
    throw Error("no result has {}; they have {}", wanted, describe_axes(records, names));
  }
  std::erase_if(records, is_other);
  return records;
}

}  // namespace moebench::reports
