#include "harness/session/forecast.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/words.h"
#include "harness/stats/quantile.h"
#include "reports/gate/names.h"

namespace moebench::session {
namespace {

std::string time_text(const Forecast& forecast, const EarlierTimes& times) {
  if (!times.complaint().empty()) return "not known: " + times.complaint();
  const std::string folder = times.folder().string();
  if (forecast.repetitions == 0) return "none";
  if (forecast.timed_cells == 0) return "not known, none of them has run before in " + folder;
  std::string text = gate::duration_text(forecast.time_ns);
  if (forecast.timed_cells < forecast.cells) {
    text += fmt::format(" for {} of {}, the others have not run before", forecast.timed_cells,
                        counted(forecast.cells, "cell"));
  }
  return text +
         fmt::format(", by {} in {}", counted(forecast.timed_by, "earlier repetition"), folder);
}

}  // namespace

EarlierTimes EarlierTimes::read(const std::filesystem::path& folder) {
  EarlierTimes times(folder);
  const auto no_metric = [](std::string_view) { return false; };
  try {
    for (const record::CellRecord& record : record::load_excerpts(
             folder, {.keeps_metric = no_metric, .keeps_environment = no_metric})) {
      times.add(record);
    }
  } catch (const Error& error) {
    times.complaint_ = error.what();
  }
  return times;
}

void EarlierTimes::add(const record::CellRecord& record) {
  const auto time = record.value("run_time");
  if (record.disposition == record::Disposition::kOk && time) times_ns_[record.id].push_back(*time);
}

const std::vector<double>& EarlierTimes::of(const std::string& id) const {
  static const std::vector<double> none;
  const auto found = times_ns_.find(id);
  return found == times_ns_.end() ? none : found->second;
}

Forecast forecast(const std::vector<PlannedCell>& cells, const EarlierTimes& times) {
  Forecast sum;
  for (const PlannedCell& cell : cells) {
    ++sum.cells;
    sum.repetitions += cell.repetitions;
    sum.may_repeat_more = sum.may_repeat_more || cell.may_repeat_more;
    sum.largest_bytes = std::max(sum.largest_bytes, cell.memory.together_bytes);
    const auto& known = times.of(cell.id);
    const auto median = stats::median(known);
    if (!median) continue;
    ++sum.timed_cells;
    sum.timed_by += std::ssize(known);
    sum.time_ns += *median * static_cast<double>(cell.repetitions);
  }
  return sum;
}

std::string describe(const Forecast& forecast, const EarlierTimes& times) {
  std::string text = fmt::format("{}, {}{}", counted(forecast.cells, "cell"),
                                 counted(forecast.repetitions, "repetition"),
                                 forecast.may_repeat_more ? " or more" : "");
  if (forecast.largest_bytes > 0) {
    text += fmt::format("; largest memory of a cell's ranks here: {}",
                        memory_text(forecast.largest_bytes));
  }
  return text + "; time: " + time_text(forecast, times);
}

}  // namespace moebench::session
