#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/figures/subject.h"

namespace moebench::reports {

// Data of a picture of kind bars: a bar a label, of parts that are stacked to the time of a step.
class StepBars {
 public:
  explicit StepBars(std::vector<std::string> parts) : parts_(std::move(parts)) {}

  // ns: of each part, nullopt where it was not measured.
  void add(std::string label, std::vector<std::optional<double>> ns);
  bool empty() const { return labels_.empty(); }
  Json data() const;

 private:
  std::vector<std::string> parts_;
  std::vector<std::string> labels_;
  std::vector<std::vector<std::optional<double>>> bars_;
};

}  // namespace moebench::reports
