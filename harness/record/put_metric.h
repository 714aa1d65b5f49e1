#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/metric_catalogue.h"
#include "harness/record/record.h"

namespace moebench::record {

// The metric of this name, made where it is missing. Its unit is the catalogue's, which must have
// the name.
inline Metric& metric_of(Metrics& metrics, const std::string& name) {
  Metric& metric = metrics[name];
  metric.unit = metric_info(name).unit;
  return metric;
}

template <typename Number>
void put(Metrics& metrics, const std::string& name, Number value) {
  metric_of(metrics, name).value = static_cast<double>(value);
}

// Nothing where it was not measured.
template <typename Number>
void put(Metrics& metrics, const std::string& name, const std::optional<Number>& value) {
  if (value) put(metrics, name, *value);
}

inline void put_series(Metrics& metrics, const std::string& name, std::vector<double> samples) {
  metric_of(metrics, name).samples = std::move(samples);
}

// Adds to what is there already.
template <typename Number>
void add(Metrics& metrics, const std::string& name, Number value) {
  Metric& metric = metric_of(metrics, name);
  metric.value = metric.value.value_or(0) + static_cast<double>(value);
}

}  // namespace moebench::record
