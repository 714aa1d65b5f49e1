#include <fmt/core.h>

#include <vector>

#include "reports/write/format_value.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::MachineReport;
using record::Metric;

constexpr double kGiga = 1e9;

const Metric* find(const MachineReport& report, const std::string& name) {
  const auto found = report.metrics.find(name);
  return found == report.metrics.end() ? nullptr : &found->second;
}

std::optional<double> value(const MachineReport& report, const std::string& name) {
  const Metric* metric = find(report, name);
  return metric ? metric->value : std::nullopt;
}

// Shows one core alone, all ranks together, and what is left of the former.
Table compute_table(const MachineReport& report) {
  struct Rate {
    const char* title;
    NumberStyle style;
    const char* metric;
  };
  constexpr NumberStyle kGigaflops = {"FLOP/s", "GFLOP/s", kGiga};
  Table table = {key_column("")};
  table.front().name = "where";
  for (const char* row : {"one core alone", "each rank, all together", "share left"}) {
    table.front().add(row);
  }
  for (const Rate& rate :
       {Rate{"fp32", kGigaflops, "gemm_fp32"}, Rate{"bf16", kGigaflops, "gemm_bf16"},
        Rate{"memory copy", kGigabytesPerSecond, "memory_copy"}}) {
    const auto alone = value(report, std::string(rate.metric) + "_alone");
    const auto together = value(report, std::string(rate.metric) + "_together");
    const bool both = alone && together && *alone > 0;
    const auto share = both ? std::optional(*together / *alone) : std::nullopt;
    Column column = number_column(rate.title, rate.style);
    column.add(alone);
    column.add(together);
    column.add({share, format_share(share)});
    table.push_back(std::move(column));
  }
  return table;
}

// Powers of two, as messages are asked for: "8 KiB", "64 MiB".
std::string format_size(double bytes) {
  constexpr double kKibi = 1024;
  return bytes < kKibi * kKibi ? fmt::format("{:.4g} KiB", bytes / kKibi)
                               : fmt::format("{:.4g} MiB", bytes / (kKibi * kKibi));
}

Table message_table(const MachineReport& report) {
  const Metric* sizes = find(report, "message_size");
  if (!sizes) return {};
  Table table = {number_column("size", {.unit = "bytes"})};
  table[0].is_key = true;
  for (const double bytes : sizes->samples) table[0].add({bytes, format_size(bytes)});
  const auto add = [&](Column column, const std::string& name) {
    const Metric* metric = find(report, name);
    if (!metric) return;
    for (const double sample : metric->samples) column.add(sample);
    table.push_back(std::move(column));
  };
  for (const auto& [title, name] :
       {std::pair("all-gather", "all_gather"), std::pair("reduce-scatter", "reduce_scatter"),
        std::pair("all-to-all", "all_to_all")}) {
    const auto named = [&](const char* what) { return fmt::format("{} {}", title, what); };
    add(number_column(title, {"ns", "µs", 1e3}), fmt::format("{}_time", name));
    add(number_column("alg", kGigabytesPerSecond, named("alg")),
        fmt::format("{}_algorithm_bandwidth", name));
    add(number_column("bus", kGigabytesPerSecond, named("bus")),
        fmt::format("{}_bus_bandwidth", name));
  }
  return table;
}

std::vector<std::string> environment_lines(const MachineReport& report) {
  std::vector<std::string> lines;
  for (const auto& [key, fact] : report.environment) {
    lines.push_back(fmt::format("{}: {}", key, fact));
  }
  return lines;
}

void add_warnings(Document& document, const MachineReport& report) {
  add_heading(document, 2, "What would disturb a measurement");
  std::vector<std::string> lines;
  for (const auto& warning : report.warnings) lines.push_back("warning: " + warning);
  add_list(document, lines);
  if (lines.empty()) {
    add_paragraph(document, "Nothing that would disturb a measurement was found.");
  }
}

std::string size_of_copy(const MachineReport& report) {
  const auto bytes = value(report, "memory_copy_size");
  return bytes ? format_size(*bytes) : kNone;
}

}  // namespace

Document machine_document(const MachineReport& report) {
  Document document;
  add_warnings(document, report);
  add_section(document, {2, "Compute and memory"}, compute_table(report));
  add_paragraph(document,
                fmt::format("Matrix products of large square matrices; a copy of {}, read and "
                            "written bytes counted.\n"
                            "The clock tells {} ns apart, and a reading costs {} ns.",
                            size_of_copy(report), format_number(value(report, "timer_resolution")),
                            format_number(value(report, "timer_read_time"))));
  Table messages = message_table(report);
  if (!messages.empty()) {
    add_section(document, {2, "Messages"}, std::move(messages));
    add_paragraph(document,
                  "alg = size / time of the slowest rank, bus = alg x (n - 1) / n with n ranks; "
                  "sizes as in nccl-tests.");
  }
  add_heading(document, 2, "Machine");
  add_list(document, environment_lines(report));
  return document;
}

std::string write_machine_report(const MachineReport& report, Format format,
                                 const PrintOptions& options) {
  if (format == Format::kJson) return record::to_json(report);
  return print(machine_document(report), format, options);
}

}  // namespace moebench::reports
