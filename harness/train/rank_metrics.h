#pragma once

#include <utility>
#include <vector>

#include "harness/record/record.h"

namespace moebench::train {

inline record::Metric scalar(const char* unit, double value) {
  record::Metric metric;
  metric.unit = unit;
  metric.value = value;
  return metric;
}

inline record::Metric bytes_metric(std::int64_t bytes) {
  return scalar("bytes", static_cast<double>(bytes));
}

inline record::Metric series(const char* unit, std::vector<double> samples) {
  record::Metric metric;
  metric.unit = unit;
  metric.samples = std::move(samples);
  return metric;
}

}  // namespace moebench::train
