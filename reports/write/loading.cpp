#include "reports/write/loading.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "harness/base/units.h"
#include "reports/write/columns.h"
#include "reports/write/format_value.h"
#include "reports/write/notes.h"

namespace moebench::reports {
namespace {

// In the order of a load; harness/record/schema.md says what each holds.
struct StageTitle {
  const char* metric;
  const char* title;
};
constexpr std::array kStages = {
    StageTitle{"load_stage.open", "open"},
    StageTitle{"load_stage.fault", "faults"},
    StageTitle{"load_stage.read", "read"},
    StageTitle{"load_stage.transpose", "transpose"},
    StageTitle{"load_stage.concat", "copy (concat)"},
    StageTitle{"load_stage.cast", "cast"},
    StageTitle{"load_stage.host_to_device", "host to device"},
    StageTitle{"load_stage.communication", "communication"},
    StageTitle{"load_stage.wait", "wait"},
    StageTitle{"load_stage.free", "free"},
    StageTitle{"load_stage.other", "other"},
};

constexpr std::array kFunctions = {"shard_moe", "load_sharded_experts_onto_device", "torch.concat",
                                   "distribute_tensor"};

// The cell of loader concat that equals this one in all other axes.
const Cell* concat_of(const Cell& cell, const ScenarioCells& scenario) {
  const auto serves = [&](const Cell& candidate) {
    return candidate.axis("loader") == "concat" &&
           std::ranges::all_of(cell.first().axes, [&](const auto& axis) {
             return axis.first == "loader" || candidate.axis(axis.first) == axis.second;
           });
  };
  const auto found = std::ranges::find_if(scenario.cells, serves);
  return found == scenario.cells.end() ? nullptr : &*found;
}

// Median over the repetitions of value / other.
ValueOf quotient(const char* value, const char* other) {
  return [=](const Cell& cell) {
    return cell.median_of([=](const record::CellRecord& record) -> std::optional<double> {
      const auto a = record.value(value), b = record.value(other);
      return a && b && *b != 0 ? std::optional(*a / *b) : std::nullopt;
    });
  };
}

// Bytes a second that the load reached, as a share of what large reads reach.
std::optional<double> share_of_disk(const record::CellRecord& record) {
  const auto bytes = record.value("load_bytes_needed"), time = record.value("load_time");
  const auto rate = record.value("disk_read_rate");
  if (!bytes || !time || !rate || *time == 0 || *rate == 0) return std::nullopt;
  return *bytes / (*time / kNsPerSecond) / *rate;
}

// GB/s; bytes / ns is the same.
Column rate_column(const std::vector<Cell>& cells, const char* title, const char* bytes,
                   const char* time) {
  return value_column(cells, title, quotient(bytes, time), format_number);
}

// The same of the stage read. Touching mapped pages that are in the page cache moves nothing.
std::optional<double> read_rate(const record::CellRecord& record) {
  const std::string loader = record.axis("loader");
  const bool is_mapped = loader == "concat" || loader == "slice";
  const auto bytes = record.value("load_bytes_read"), time = record.value("load_stage.read");
  if (!bytes || !time || *time == 0) return std::nullopt;
  if (is_mapped && record.value("page_cache_share").value_or(1) > 0) return std::nullopt;
  return *bytes / *time;
}

std::optional<double> all_stages_s(const record::CellRecord& record) {
  double sum = 0;
  for (const StageTitle& stage : kStages) sum += record.value(stage.metric).value_or(0);
  return sum == 0 ? std::nullopt : std::optional(sum / kNsPerSecond);
}

std::string spread(const Cell& cell) {
  const auto range = cell.ok() ? cell.spread("load_time") : std::nullopt;
  if (!range || cell.repetitions.size() == 1) return kNone;
  return format_change(range->first) + ".." + format_change(range->second);
}

Column gain_column(const ScenarioCells& scenario) {
  return text_column(scenario.cells, "gain", [&](const Cell& cell) -> std::string {
    const Cell* concat = concat_of(cell, scenario);
    return concat == &cell && cell.ok() ? "baseline" : times_less("load_time")(cell, concat);
  });
}

Table speed_table(const ScenarioCells& scenario) {
  const auto& cells = scenario.cells;
  Table table = axis_columns(scenario, cells);
  table.push_back(seconds_column(cells, "load", "load_time"));
  table.push_back(gain_column(scenario));
  table.push_back(text_column(
      cells, "n", [](const Cell& cell) { return std::to_string(cell.repetitions.size()); }));
  table.push_back(text_column(cells, "load min..max", spread));
  Table measured = {
      value_column(cells, "/ copy", quotient("load_time", "copy_time"), format_factor),
      value_column(
          cells, "of disk rate", [](const Cell& c) { return c.median_of(share_of_disk); },
          format_share),
      rate_column(cells, "needed GB/s", "load_bytes_needed", "load_time"),
      bytes_column(cells, "needed", "load_bytes_needed"),
      value_column(cells, "read / needed", quotient("load_bytes_read", "load_bytes_needed"),
                   format_factor),
      value_column(cells, "peak RSS / kept", quotient("load_rss_peak", "load_bytes_kept"),
                   format_factor),
      value_column(cells, "minor faults", median_of("load_minor_faults"), format_count),
      value_column(cells, "major faults", median_of("load_major_faults"), format_count),
  };
  std::erase_if(measured, [](const Column& column) { return !is_measured(column); });
  table.insert(table.end(), measured.begin(), measured.end());
  if (const auto result = result_column(cells)) table.push_back(*result);
  return table;
}

Table stage_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = scenario.ok_cells();
  Table columns = {value_column(
      cells, "all (s)", [](const Cell& cell) { return cell.median_of(all_stages_s); },
      format_number)};
  for (const StageTitle& stage : kStages) {
    columns.push_back(seconds_column(cells, stage.title, stage.metric));
  }
  columns.push_back(value_column(
      cells, "read GB/s", [](const Cell& cell) { return cell.median_of(read_rate); },
      format_number));
  return measured_table(scenario, cells, std::move(columns));
}

std::vector<std::string> definitions(const ScenarioCells& scenario) {
  std::vector<std::string> lines = {
      "load: from opening the first file until every byte is in place, the slowest rank. gain: how "
      "many times faster than loader concat with otherwise the same axes. / copy: as a multiple of "
      "a memcpy of the bytes that a rank keeps, by the same threads. read / needed: bytes read, "
      "from disk or page cache, as a multiple of those whose values the ranks keep. peak RSS: "
      "above "
      "what was resident before, as a multiple of the bytes kept. Faults: of all ranks.",
      "where the time goes: seconds of a load of its own that touches pages apart from using them, "
      "means over ranks and their threads. faults: first touch of fresh memory. read: positioned "
      "reads, or the touch of mapped pages."};
  const bool has_disk = std::ranges::any_of(
      scenario.cells, [](const Cell& cell) { return cell.median("disk_read_rate").has_value(); });
  if (has_disk) {
    lines.emplace_back(
        "of disk rate: bytes needed a second of the load, as a share of what reads of 4 MB past "
        "the "
        "page cache reached in the same run.");
  }
  return lines;
}

std::string seconds(double ns) { return fmt::format("{:.3f}", ns / kNsPerSecond); }

Table profile_table(const Cell& cell) {
  Table table = {{"ncalls"}, {"tottime"}, {"percall"}, {"cumtime"}, {"percall"}, {"name"}};
  table.back().align = Align::kLeft;
  for (const std::string function : kFunctions) {
    const auto calls = cell.median("calls." + function);
    const auto own = cell.median("own_time." + function);
    const auto cumulative = cell.median("cumulative_time." + function);
    if (!calls || !own || !cumulative) continue;
    const double divisor = std::max(1.0, *calls);
    add_row(table, {format_count(calls), seconds(*own), seconds(*own / divisor),
                    seconds(*cumulative), seconds(*cumulative / divisor), function});
  }
  return table;
}

}  // namespace

bool is_loading(const ScenarioCells& scenario) {
  return std::ranges::any_of(scenario.cells, [](const Cell& cell) {
    const auto measure = cell.first().environment.find("measure");
    return measure != cell.first().environment.end() && measure->second == "load";
  });
}

std::string loading_section(const ScenarioCells& scenario) {
  std::string text = to_markdown(speed_table(scenario)) + "\n";
  const Table stages = stage_table(scenario);
  if (!stages.empty()) text += fmt::format("### Where the time goes\n\n{}\n", to_markdown(stages));
  return text + write_notes(scenario, definitions(scenario));
}

std::string load_profiles(const ScenarioCells& scenario) {
  std::string text;
  for (const Cell& cell : scenario.ok_cells()) {
    std::string title = describe(cell, scenario.varying_axes());
    if (title.empty()) title = "loader " + cell.axis("loader");
    text += fmt::format("### Profile: {}\n\n{}\n", title, to_markdown(profile_table(cell)));
  }
  return text;
}

}  // namespace moebench::reports
