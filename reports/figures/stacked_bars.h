#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/figures/subject.h"

namespace moebench::reports {

// Data of a picture of kind bars: a bar a label, of parts that are stacked.
class StackedBars {
 public:
  StackedBars(Scale scale, std::vector<std::string> parts)
      : scale_(std::move(scale)), parts_(std::move(parts)) {}

  // values: of each part, nullopt where it was not measured.
  void add(std::string label, std::vector<std::optional<double>> values);
  bool empty() const { return labels_.empty(); }
  Json data() const;

 private:
  Scale scale_;
  std::vector<std::string> parts_;
  std::vector<std::string> labels_;
  std::vector<std::vector<std::optional<double>>> bars_;
};

// For parts of a step, in ns.
inline const Scale kStepTime = {"time of a step", kMilliseconds};

}  // namespace moebench::reports
