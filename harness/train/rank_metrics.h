#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/record/metric_catalogue.h"
#include "harness/record/record.h"

namespace moebench::train {

// A rank's metric of this name, made where it is missing. Its unit is the catalogue's, which must
// have the name.
inline record::Metric& metric_of(record::Metrics& metrics, const std::string& name) {
  record::Metric& metric = metrics[name];
  metric.unit = record::metric_info(name).unit;
  return metric;
}

template <typename Number>
void put(record::Metrics& metrics, const std::string& name, Number value) {
  metric_of(metrics, name).value = static_cast<double>(value);
}

inline void put_series(record::Metrics& metrics, const std::string& name,
                       std::vector<double> samples) {
  metric_of(metrics, name).samples = std::move(samples);
}

// Adds to what is there already.
template <typename Number>
void add(record::Metrics& metrics, const std::string& name, Number value) {
  record::Metric& metric = metric_of(metrics, name);
  metric.value = metric.value.value_or(0) + static_cast<double>(value);
}

}  // namespace moebench::train
