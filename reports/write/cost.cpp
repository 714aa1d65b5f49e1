#include "reports/write/cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/parse.h"
#include "reports/write/columns.h"

namespace moebench::reports {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr double kBillion = 1e9;
constexpr double kMillion = 1e6;

std::optional<double> ranks_of(const Cell& cell) {
  const auto stated = parse_number<double>(cell.axis("ranks"));
  return stated ? stated
                : parse_number<double>(record::fact(cell.typical().environment, "world_size"));
}

// Real tokens of all ranks a second.
std::optional<double> token_rate(const Cell& cell) {
  if (const auto global = cell.value("global_tokens_per_second"); global > 0) return global;
  const auto of_rank = cell.value("tokens_per_second"), ranks = ranks_of(cell);
  return of_rank > 0 && ranks ? std::optional(*of_rank * *ranks) : std::nullopt;
}

// Other trainers do not say where they ran; then the driver watched GPUs, or there were none.
bool is_on_gpus(const Cell& cell) {
  const std::string device = record::fact(cell.typical().environment, "device");
  return device.empty() ? cell.value("process_gpu_memory").has_value() : device == "cuda";
}

// Nothing where the cell ran on CPUs, or ranks may have shared a GPU.
std::optional<double> gpus_of(const Cell& cell) {
  if (!is_on_gpus(cell)) return std::nullopt;
  if (record::fact(cell.typical().environment, "device_collectives") == "through the host")
    return std::nullopt;
  return ranks_of(cell);
}

std::optional<double> cores_of(const Cell& cell) {
  if (record::fact(cell.typical().environment, "device") != "cpu") return std::nullopt;
  const auto ranks = ranks_of(cell);
  const auto threads =
      parse_number<double>(record::fact(cell.typical().environment, "threads_per_rank"));
  return ranks && threads ? std::optional(*ranks * *threads) : std::nullopt;
}

std::optional<double> hours_per_billion(const Cell& cell, const std::optional<double>& devices) {
  const auto rate = token_rate(cell);
  if (!rate || !devices) return std::nullopt;
  return *devices * kBillion / *rate / kSecondsPerHour;
}

std::optional<double> gpu_hours(const Cell& cell) { return hours_per_billion(cell, gpus_of(cell)); }
std::optional<double> core_hours(const Cell& cell) {
  return hours_per_billion(cell, cores_of(cell));
}

bool has_measured_power(const Cell& cell) { return cell.value("gpu_power").has_value(); }

// All GPUs together: in the measured steps where a rank looked, else over the whole run.
std::optional<double> gpu_watts(const Cell& cell) {
  const auto of_rank = cell.value("gpu_power"), gpus = gpus_of(cell);
  if (of_rank) return gpus ? std::optional(*of_rank * *gpus) : std::nullopt;
  const auto energy = cell.value("process_gpu_energy"), wall = cell.value("process_wall_time");
  if (!energy || !(wall > 0)) return std::nullopt;
  return *energy / (*wall / kNsPerSecond);
}

// Other hosts' packages are not seen.
std::optional<double> package_watts(const Cell& cell) {
  if (record::fact(cell.typical().environment, "hosts").find_first_of(", ") != std::string::npos)
    return std::nullopt;
  return cell.value("package_power");
}

ValueOf joules_per_million(std::optional<double> (*watts_of)(const Cell&)) {
  return [watts_of](const Cell& cell) -> std::optional<double> {
    const auto watts = watts_of(cell), rate = token_rate(cell);
    return watts && rate ? std::optional(*watts / *rate * kMillion) : std::nullopt;
  };
}

}  // namespace

Table cost_table(const ScenarioCells& scenario, const std::optional<double>& price_per_gpu_hour) {
  const std::vector<Cell> cells = scenario.ok_cells();
  const auto column = [&](const char* title, const char* name, const ValueOf& value) {
    return value_column(cells, title, value, kPlain, name);
  };
  Table columns = {
      column("GPU-h / Gtoken", "gpu_hours_per_billion_tokens", gpu_hours),
      column("core-h / Gtoken", "core_hours_per_billion_tokens", core_hours),
      column("GPU J / Mtoken", "gpu_joules_per_million_tokens", joules_per_million(gpu_watts)),
      column("CPU J / Mtoken", "cpu_joules_per_million_tokens", joules_per_million(package_watts))};
  if (price_per_gpu_hour) {
    columns.push_back(column("cost / Gtoken", "cost_per_billion_tokens",
                             [&](const Cell& cell) -> std::optional<double> {
                               const auto hours = gpu_hours(cell);
                               if (!hours) return std::nullopt;
                               return *hours * *price_per_gpu_hour;
                             }));
  }
  return measured_table(scenario, cells, std::move(columns));
}

std::vector<std::string> cost_lines(const ScenarioCells& scenario,
                                    const std::optional<double>& price_per_gpu_hour) {
  const Table table = cost_table(scenario, price_per_gpu_hour);
  if (table.empty()) return {};
  const std::vector<Cell> cells = scenario.ok_cells();
  const auto any = [&](const auto& has) { return std::ranges::any_of(cells, has); };
  std::string line =
      "cost: at the measured tokens/s, without load, warm-up and saves; Gtoken: a billion "
      "tokens as tokens/s counts them.";
  const bool on_gpus = any([](const Cell& cell) { return gpu_hours(cell).has_value(); });
  if (any([](const Cell& cell) { return core_hours(cell).has_value(); })) {
    line += " core-h: ranks x threads.";
  }
  if (any([](const Cell& cell) { return gpu_watts(cell).has_value(); })) {
    line += any([](const Cell& cell) { return gpu_watts(cell) && !has_measured_power(cell); })
                ? " GPU J: mean power of all GPUs over the whole run, load included, by NVML."
                : " GPU J: power of all GPUs in the measured steps, by NVML.";
  }
  if (any([](const Cell& cell) { return package_watts(cell).has_value(); })) {
    line +=
        " CPU J: power of the processor packages in the measured steps, by RAPL; memory and "
        "others' work on them: as far as the counters have it.";
  }
  if (price_per_gpu_hour && on_gpus) {
    line += fmt::format(" cost: {} a GPU-hour, as given.", format_number(price_per_gpu_hour));
  } else if (price_per_gpu_hour) {
    line += " No cell ran on GPUs of its own, so that the price of a GPU-hour says nothing here.";
  }
  return {line};
}

}  // namespace moebench::reports
