#pragma once

#include <array>

#include "harness/measure/phase.h"

namespace moebench::reports {

// Names of the phases that add up to a step, in its order; harness/record/schema.md says what each
// holds.
inline constexpr auto kStepPhases = [] {
  std::array<const char*, measure::kStepPhases.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = to_string(measure::kStepPhases[i]);
  return names;
}();
// Ends the name of a phase that computes the gradients of the one named before it.
inline constexpr const char* kBackward = "_backward";

}  // namespace moebench::reports
