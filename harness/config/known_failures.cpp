#include "harness/config/known_failures.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>

#include "harness/config/axes.h"

namespace moebench::config {
namespace {

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

KnownFailureRule read_failure(const YamlMapping& fields) {
  KnownFailureRule failure;
  failure.reason = fields.at("reason").text();
  if (failure.reason.empty()) fields.at("reason").fail("is empty; say why the cells fail");
  if (const YamlValue* until = fields.find_set("until")) failure.until = read_date(*until);
  return failure;
}

}  // namespace

void mark_known_failures(const YamlValue& entries, const AxisContext& context,
                         bool may_match_nothing, std::vector<CellConfig>& cells) {
  for (const YamlValue& entry : entries.items()) {
    const YamlMapping fields(entry, {"where", "reason", "until"});
    const Condition where =
        read_condition(fields.at("where"), context, "name the axes of the cells that fail");
    const KnownFailureRule failure = read_failure(fields);
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
