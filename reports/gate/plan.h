#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/record/session.h"

namespace moebench::gate {

struct PlanRequest {
  std::vector<record::SessionCell> cells;
  std::vector<record::CellRecord> calibration{};  // A/A pairs of these cells
  std::optional<double> noise{};  // of one run, relative, instead of the calibration's
  double effect = 0.05;           // relative slowdown to find
  double alpha = 0.005;
  double busy_cores = 0.25;
};

struct CellPlan {
  std::string id;
  std::optional<double> noise;     // of one run; nullopt: not calibrated
  std::optional<int> pairs;        // that find the effect
  std::optional<double> smallest;  // effect that `kUsualPairs` pairs find
  std::optional<double> pair_ns;   // time of one pair, where it is known
};

struct Plan {
  std::vector<CellPlan> cells;
  std::optional<int> pairs;       // the most that any cell needs; nullopt where that is unknown
  std::optional<double> time_ns;  // of a session with so many pairs of every cell
};

inline constexpr int kUsualPairs = 6;
inline constexpr double kPower = 0.95;  // with which an effect is found

// Says what a session of one look would take. Each cell is taken as the first that Holm's procedure
// tests, which needs most. Pure.
Plan make_plan(const PlanRequest& request);

}  // namespace moebench::gate
