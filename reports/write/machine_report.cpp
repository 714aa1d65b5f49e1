#include <fmt/core.h>

#include <vector>

#include "reports/write/format_value.h"
#include "reports/write/table.h"
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

std::string number(const std::optional<double>& value, double divisor) {
  return format_number(value ? std::optional(*value / divisor) : std::nullopt);
}

// One core alone, all ranks together, and what is left of the former.
Table compute_table(const MachineReport& report) {
  Table table = {{"", Align::kLeft, {"one core alone", "each rank, all together", "share left"}}};
  const auto add = [&](const char* title, const std::string& name) {
    const auto alone = value(report, name + "_alone");
    const auto together = value(report, name + "_together");
    const bool both = alone && together && *alone > 0;
    table.push_back({title,
                     Align::kRight,
                     {number(alone, kGiga), number(together, kGiga),
                      format_share(both ? std::optional(*together / *alone) : std::nullopt)}});
  };
  add("fp32 (GFLOP/s)", "gemm_fp32");
  add("bf16 (GFLOP/s)", "gemm_bf16");
  add("memory copy (GB/s)", "memory_copy");
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
  Table table = {{"size"}};
  for (const double bytes : sizes->samples) table[0].cells.push_back(format_size(bytes));
  const auto add = [&](const std::string& title, const std::string& name, double divisor) {
    const Metric* metric = find(report, name);
    if (!metric) return;
    Column column{title};
    for (const double sample : metric->samples) column.cells.push_back(number(sample, divisor));
    table.push_back(std::move(column));
  };
  for (const auto& [title, name] :
       {std::pair("all-gather", "all_gather"), std::pair("reduce-scatter", "reduce_scatter"),
        std::pair("all-to-all", "all_to_all")}) {
    add(fmt::format("{} (µs)", title), fmt::format("{}_time", name), 1e3);
    add("alg (GB/s)", fmt::format("{}_algorithm_bandwidth", name), kGiga);
    add("bus (GB/s)", fmt::format("{}_bus_bandwidth", name), kGiga);
  }
  return table;
}

std::string environment_lines(const MachineReport& report) {
  std::string text;
  for (const auto& [key, fact] : report.environment) text += fmt::format("- {}: {}\n", key, fact);
  return text;
}

std::string warning_lines(const MachineReport& report) {
  if (report.warnings.empty()) return "Nothing that would disturb a measurement was found.\n";
  std::string text;
  for (const auto& warning : report.warnings) text += "- warning: " + warning + "\n";
  return text;
}

std::string size_of_copy(const MachineReport& report) {
  const auto bytes = value(report, "memory_copy_size");
  return bytes ? format_size(*bytes) : kNone;
}

}  // namespace

std::string write_machine_report(const MachineReport& report, Format format) {
  if (format == Format::kJson) return record::to_json(report);
  std::string text = "## What would disturb a measurement\n\n" + warning_lines(report);
  text += "\n## Compute and memory\n\n" + to_markdown(compute_table(report));
  text += fmt::format(
      "\nMatrix products of large square matrices; a copy of {}, read and written bytes counted.\n"
      "The clock tells {} ns apart, and a reading costs {} ns.\n",
      size_of_copy(report), format_number(value(report, "timer_resolution")),
      format_number(value(report, "timer_read_time")));
  const Table messages = message_table(report);
  if (!messages.empty()) {
    text +=
        "\n## Messages\n\n" + to_markdown(messages) +
        "\nalg = size / time of the slowest rank, bus = alg x (n - 1) / n with n ranks; sizes as "
        "in nccl-tests.\n";
  }
  return text + "\n## Machine\n\n" + environment_lines(report);
}

}  // namespace moebench::reports
