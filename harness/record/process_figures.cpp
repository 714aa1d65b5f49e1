#include "harness/record/process_figures.h"

#include "harness/base/file.h"
#include "harness/record/json_reader.h"

namespace moebench::record {
namespace {

Json or_null(const std::optional<std::int64_t>& value) {
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

}  // namespace

std::string describe_sampling(const ProcessFigures& figures) {
  const std::string interval =
      figures.num_samples > 1 ? fmt::format(", one in {:.2f} s", figures.interval_s) : "";
  return fmt::format("{} sample{}{}; proportional memory {} time{}; {:.2f} % of a core",
                     figures.num_samples, figures.num_samples == 1 ? "" : "s", interval,
                     figures.num_pss_samples, figures.num_pss_samples == 1 ? "" : "s",
                     figures.cost_share * 100);
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
  json["processes"] = Json::array();
  for (const ProcessFigure& figure : figures.processes) {
    json["processes"].push_back(to_json_value(figure));
  }
  return dump_indented(json);
}

void write_process_figures(const ProcessFigures& figures, const std::filesystem::path& path) {
  write_file_atomically(path, to_json(figures));
}

}  // namespace moebench::record
