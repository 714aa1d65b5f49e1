#include "reports/figures/collectives.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/parse.h"
#include "harness/base/units.h"
#include "reports/figures/groups.h"
#include "reports/write/profile_values.h"

namespace moebench::reports {
namespace {

constexpr std::array kOperations = {"all_gather", "reduce_scatter", "all_to_all"};

// Bytes of a size class as metrics name it: "1KiB", "32MiB".
std::optional<double> size_of(const std::string& name) {
  const auto number = parse_leading_number<double>(name);
  if (!number) return std::nullopt;
  const std::map<std::string_view, double> units = {
      {"B", 1}, {"KiB", 1024}, {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}};
  const auto unit = units.find(number->second);
  return unit == units.end() ? std::nullopt : std::optional(number->first * unit->second);
}

// One collective of one size class in a cell; sums over ranks and profiled steps.
struct Collective {
  std::string kind;
  double size = 0;
  double bus_bytes = 0;
  double wait_ns = 0;
  double transfer_ns = 0;
  double calls = 0;

  std::optional<double> rate() const {
    if (transfer_ns <= 0 || bus_bytes <= 0) return std::nullopt;
    return bus_bytes / transfer_ns * kNsPerSecond;
  }
};

std::vector<Collective> collectives_of(const Cell& cell) {
  std::vector<Collective> collectives;
  for (const std::string& name : names_after(cell, "collective.")) {
    constexpr std::string_view kCalls = ".calls";
    if (!name.ends_with(kCalls)) continue;
    const std::string key = name.substr(0, name.size() - kCalls.size());
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) continue;
    const auto size = size_of(key.substr(dot + 1));
    if (!size) continue;
    const auto of = [&](const char* what) {
      return cell.value("collective." + key + "." + what).value_or(0);
    };
    collectives.push_back(
        {key.substr(0, dot), *size, of("bus_bytes"), of("wait"), of("transfer"), of("calls")});
  }
  std::ranges::sort(collectives, {}, [](const Collective& c) { return std::pair(c.kind, c.size); });
  return collectives;
}

class Bandwidths {
 public:
  void add(const std::string& label, const std::string& kind, double size, double rate,
           bool is_machine) {
    add_row(numbers_, {label, kind, size, rate});
    Json& series = series_of(label + ", " + kind, is_machine);
    series["points"].push_back({size, printed(rate, kGigabytesPerSecond)});
  }

  bool empty() const { return series_.empty(); }

  Figure figure(const std::string& title) && {
    const Json data = {
        {"x", {{"title", "size of a message"}, {"unit", ""}, {"log", true}, {"bytes", true}}},
        {"y", to_json({"bus bandwidth", kGigabytesPerSecond, true})},
        {"series", std::move(series_)}};
    return make_figure("bandwidth", title, "xy", data, std::move(numbers_));
  }

 private:
  Json& series_of(const std::string& name, bool is_machine) {
    for (Json& series : series_) {
      if (series["name"] == name) return series;
    }
    series_.push_back(
        {{"name", name}, {"line", true}, {"dashed", is_machine}, {"points", Json::array()}});
    return series_.back();
  }

  Table numbers_ = {key_column("who"), key_column("collective"),
                    number_column("size", {"bytes", "B", 1, format_count}),
                    number_column("bus bandwidth", kGigabytesPerSecond)};
  Json series_ = Json::array();
};

// A curve of the machine: a rate for each size.
void add_curve(const char* operation, const std::vector<double>& sizes,
               const std::vector<double>& rates, Bandwidths& bandwidths) {
  for (std::size_t i = 0; i < std::min(sizes.size(), rates.size()); ++i) {
    if (rates[i] > 0) bandwidths.add("machine", operation, sizes[i], rates[i], true);
  }
}

// What a profile tried the machine with: times, of which the part of a message that leaves a rank
// makes bus bandwidths, as nccl-tests define them.
void add_machine(const record::CellRecord& record, Bandwidths& bandwidths) {
  const record::Metric* sizes = metric_of(record, "machine_message_size");
  if (sizes == nullptr) return;
  for (const char* operation : kOperations) {
    const record::Metric* times = metric_of(record, fmt::format("machine_{}_time", operation));
    if (times == nullptr || times->per_rank.empty()) continue;
    const auto ranks = static_cast<double>(times->per_rank.size());
    std::vector<double> rates;
    for (std::size_t i = 0; i < std::min(sizes->samples.size(), times->samples.size()); ++i) {
      const double bus_bytes = sizes->samples[i] * (ranks - 1) / ranks;
      rates.push_back(bus_bytes / times->samples[i] * kNsPerSecond);
    }
    add_curve(operation, sizes->samples, rates, bandwidths);
  }
}

}  // namespace

Figures collective_figures(const Subject& subject) {
  Bandwidths bandwidths;
  for (const Cell& cell : subject.scenario.ok_cells()) {
    for (const Collective& collective : collectives_of(cell)) {
      if (const auto rate = collective.rate()) {
        bandwidths.add(label_of(subject.scenario, cell), collective.kind, collective.size, *rate,
                       false);
      }
    }
  }
  if (bandwidths.empty()) return {};
  // The cells of a scenario may have measured it each; one curve is enough to compare with.
  for (const Cell& cell : subject.scenario.ok_cells()) {
    if (metric_of(cell.typical(), "machine_message_size") == nullptr) continue;
    add_machine(cell.typical(), bandwidths);
    break;
  }
  return {std::move(bandwidths)
              .figure("Bus bandwidth of the step's collectives while they transfer; dashed: the "
                      "machine's own")};
}

Figures machine_bandwidth_figures(const record::MachineReport& report) {
  Bandwidths bandwidths;
  const auto sizes = report.metrics.find("message_size");
  if (sizes == report.metrics.end()) return {};
  for (const char* operation : kOperations) {
    const auto rates = report.metrics.find(fmt::format("{}_bus_bandwidth", operation));
    if (rates == report.metrics.end()) continue;
    add_curve(operation, sizes->second.samples, rates->second.samples, bandwidths);
  }
  if (bandwidths.empty()) return {};
  return {std::move(bandwidths).figure("Bus bandwidth of messages between the ranks")};
}

}  // namespace moebench::reports
