#include "reports/figures/step_bars.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/check.h"

namespace moebench::reports {

void StepBars::add(std::string label, std::vector<std::optional<double>> ns) {
  MOEBENCH_CHECK(ns.size() == parts_.size());
  labels_.push_back(std::move(label));
  bars_.push_back(std::move(ns));
}

Json StepBars::data() const {
  Json series = Json::array();
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    Json values = Json::array();
    for (const auto& bar : bars_) values.push_back(printed(bar[part], kMilliseconds));
    series.push_back({{"name", parts_[part]}, {"stack", "step"}, {"values", std::move(values)}});
  }
  return {{"value", to_json({"time of a step", kMilliseconds})},
          {"labels", labels_},
          {"series", std::move(series)}};
}

}  // namespace moebench::reports
