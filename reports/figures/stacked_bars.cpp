#include "reports/figures/stacked_bars.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/check.h"

namespace moebench::reports {

void StackedBars::add(std::string label, std::vector<std::optional<double>> values) {
  MOEBENCH_CHECK(values.size() == parts_.size());
  labels_.push_back(std::move(label));
  bars_.push_back(std::move(values));
}

Json StackedBars::data() const {
  Json series = Json::array();
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    Json values = Json::array();
    for (const auto& bar : bars_) values.push_back(printed(bar[part], scale_.style));
    series.push_back({{"name", parts_[part]}, {"stack", "parts"}, {"values", std::move(values)}});
  }
  return {{"value", to_json(scale_)}, {"labels", labels_}, {"series", std::move(series)}};
}

}  // namespace moebench::reports
