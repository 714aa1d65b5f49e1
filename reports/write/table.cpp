#include "reports/write/table.h"

#include <algorithm>

#include "harness/base/check.h"

namespace moebench::reports {
namespace {

constexpr NumberStyle kWords = {.unit = ""};

}  // namespace

Entry::Entry() : text(kNone) {}

Entry::Entry(double number) : value(number) {}

Entry::Entry(const std::optional<double>& number) : text(number ? "" : kNone) {
  if (number) value = *number;
}

Entry::Entry(const std::optional<double>& number, std::string printed) : Entry(number) {
  text = std::move(printed);
}

Entry::Entry(std::string words) : value(words), text(std::move(words)) {}

Entry::Entry(const char* words) : Entry(std::string(words)) {}

Entry::Entry(record::Disposition disposition, std::string printed)
    : value(disposition), text(std::move(printed)) {}

void Column::add(Entry entry) {
  const auto* number = std::get_if<double>(&entry.value);
  if (number && entry.text.empty()) entry.text = style.format(*number / style.divisor);
  entries.push_back(std::move(entry));
}

std::string Column::heading() const {
  const std::string unit = style.printed_unit;
  return unit.empty() ? title : title + " (" + unit + ")";
}

bool Column::is_measured() const { return !std::ranges::all_of(entries, &Entry::is_missing); }

Column key_column(std::string title) {
  return {.title = std::move(title), .align = Align::kLeft, .is_key = true, .style = kWords};
}

Column words_column(std::string title) {
  return {.title = std::move(title), .align = Align::kLeft, .style = kWords};
}

Column number_column(std::string title, const NumberStyle& style, std::string name) {
  return {.title = std::move(title), .style = style, .name = std::move(name)};
}

void add_row(Table& table, std::vector<Entry> entries) {
  MOEBENCH_CHECK(entries.size() == table.size());
  for (std::size_t i = 0; i < table.size(); ++i) table[i].add(std::move(entries[i]));
}

std::vector<std::string> keys_of(const Table& table) {
  std::vector<std::string> keys;
  for (const Column& column : table) {
    std::string key = column.key();
    for (int i = 2; std::ranges::count(keys, key) > 0; ++i) {
      key = column.key() + " " + std::to_string(i);
    }
    keys.push_back(key);
  }
  return keys;
}

std::size_t num_rows(const Table& table) {
  return table.empty() ? 0 : table.front().entries.size();
}

}  // namespace moebench::reports
