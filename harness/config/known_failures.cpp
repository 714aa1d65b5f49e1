#include "harness/config/known_failures.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "harness/config/axes.h"

namespace moebench::config {
namespace {

using Where = std::map<std::string, std::vector<std::string>>;  // axis -> canonical texts

Where read_where(const YamlValue& source, const std::filesystem::path& folder) {
  Where where;
  for (const auto& [axis, values] : source.entries()) {
    for (const YamlValue& value : values.items_or_self()) {
      where[axis].push_back(parse_axis(axis, value, folder).text);
    }
  }
  if (where.empty()) source.fail("an empty condition; name the axes of the cells that fail");
  return where;
}

bool matches(const Where& where, const CellConfig& cell) {
  return std::ranges::all_of(cell.axes(), [&](const auto& axis) {
    const auto entry = where.find(axis.first);
    return entry == where.end() || std::ranges::count(entry->second, axis.second) > 0;
  });
}

std::string read_date(const YamlValue& value) {
  const std::string text = value.text();
  int year = 0, length = 0;
  unsigned month = 0, day = 0;
  const bool has_form = text.size() == 10 && std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year,
                                                         &month, &day, &length) == 3;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!has_form || length != 10 || !date.ok()) {
    value.fail(fmt::format("'{}' is no date; write the last day as YYYY-MM-DD", text));
  }
  return text;
}

KnownFailure read_failure(const YamlMapping& fields) {
  KnownFailure failure;
  failure.reason = fields.at("reason").text();
  if (failure.reason.empty()) fields.at("reason").fail("is empty; say why the cells fail");
  if (const YamlValue* until = fields.find_set("until")) failure.until = read_date(*until);
  return failure;
}

}  // namespace

void mark_known_failures(const YamlValue& entries, const std::filesystem::path& folder,
                         bool may_match_nothing, std::vector<CellConfig>& cells) {
  for (const YamlValue& entry : entries.items()) {
    const YamlMapping fields(entry, {"where", "reason", "until"});
    const Where where = read_where(fields.at("where"), folder);
    const KnownFailure failure = read_failure(fields);
    bool is_used = false;
    for (CellConfig& cell : cells) {
      if (!matches(where, cell)) continue;
      is_used = true;
      if (!cell.known_failure) cell.known_failure = failure;
    }
    if (!is_used && !may_match_nothing) {
      fields.at("where").fail("matches no cell; correct it or remove the entry");
    }
  }
}

}  // namespace moebench::config
