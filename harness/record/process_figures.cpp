#include "harness/record/process_figures.h"

#include "harness/base/file.h"
#include "harness/base/words.h"
#include "harness/record/json_reader.h"

namespace moebench::record {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json_value(const ProcessFigure& figure) {
  return {{"pid", figure.pid},
          {"parent", figure.parent},
          {"name", figure.name},
          {"command", figure.command},
          {"first_seen_s", figure.first_seen_s},
          {"last_seen_s", figure.last_seen_s},
          {"cpu_s", figure.cpu_s},
          {"rss_peak_bytes", or_null(figure.rss_peak_bytes)},
          {"pss_peak_bytes", or_null(figure.pss_peak_bytes)}};
}

Json to_json_value(const GpuFigure& figure) {
  Json json = {{"pci_bus_id", figure.pci_bus_id},
               {"model", figure.model},
               {"uuid", figure.uuid},
               {"num_samples", figure.num_samples},
               {"memory_peak_bytes", or_null(figure.memory_peak_bytes)},
               {"power_w", or_null(figure.power_w)},
               {"power_peak_w", or_null(figure.power_peak_w)},
               {"energy_j", or_null(figure.energy_j)},
               {"is_energy_counted", figure.is_energy_counted},
               {"num_other_processes", figure.num_other_processes},
               {"complaint", figure.complaint}};
  json["processes"] = Json::array();
  for (const GpuProcessFigure& process : figure.processes) {
    json["processes"].push_back(
        {{"pid", process.pid}, {"memory_peak_bytes", or_null(process.memory_peak_bytes)}});
  }
  return json;
}

template <typename T>
Json array(const std::vector<T>& values) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(to_json_value(value));
  return json;
}

}  // namespace

std::string describe_sampling(const ProcessFigures& figures) {
  const std::string interval =
      figures.num_samples > 1 ? fmt::format(", one in {:.2f} s", figures.interval_s) : "";
  return fmt::format("{}{}; proportional memory {}; {:.2f} % of a core",
                     counted(figures.num_samples, "sample"), interval,
                     counted(figures.num_pss_samples, "time"), figures.cost_share * 100);
}

std::string to_json(const ProcessFigures& figures) {
  Json json = {{"schema_version", kSchemaVersion},
               {"schema_minor", kSchemaMinor},
               {"wall_s", figures.wall_s},
               {"cpu_s", figures.cpu_s},
               {"rss_peak_bytes", or_null(figures.rss_peak_bytes)},
               {"rss_sum_peak_bytes", or_null(figures.rss_sum_peak_bytes)},
               {"pss_sum_peak_bytes", or_null(figures.pss_sum_peak_bytes)},
               {"num_samples", figures.num_samples},
               {"num_pss_samples", figures.num_pss_samples},
               {"interval_s", figures.interval_s},
               {"cost_share", figures.cost_share},
               {"num_left_out", figures.num_left_out}};
  json["processes"] = array(figures.processes);
  if (!figures.gpus.empty()) json["gpus"] = array(figures.gpus);
  if (!figures.gpus_not_watched.empty()) json["gpus_not_watched"] = figures.gpus_not_watched;
  return dump_indented(json);
}

void write_process_figures(const ProcessFigures& figures, const std::filesystem::path& path) {
  write_file_atomically(path, to_json(figures));
}

}  // namespace moebench::record
