#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/crossover/line.h"
#include "reports/write/cells.h"
#include "reports/write/gains.h"

namespace moebench::crossover {

// One place of the map: cells that differ in their parallelism alone.
struct MapPoint {
  double tokens = 0;      // of a rank's micro-batch: micro_batch x seq_len
  std::string network{};  // "local", or a rate
  std::vector<std::optional<reports::Cell>> cells{};  // of each arm, where there is one
  // Of each expert parallel arm against each of the others; nullopt where one of them failed, or
  // was not measured.
  std::vector<std::vector<std::optional<reports::Gain>>> gains{};
};

// The log gain of an expert parallel arm along one axis of the map.
struct MapLine {
  std::size_t arm = 0;                // place among the arms
  bool is_over_tokens = true;         // else over the link rate
  std::string network{};              // that the line is at, where it is over tokens
  double tokens = 0;                  // likewise, where it is over the rate
  std::vector<Curve> curves{};        // against each of the others, those without a point left out
  std::vector<std::size_t> others{};  // arms that the curves are against
  Line line{};
};

// Cells that agree in everything but parallelism and the axes of the map.
struct MapGroup {
  std::string name{};  // what tells it from the other groups; "" where it is the only one
  std::vector<std::string> arms{};  // "ep 2", "ep 4", then "fsdp", "hsdp 2"
  std::size_t num_expert_parallel = 0;
  std::vector<MapPoint> points{};  // by network, then tokens; slowest links first, local last
  std::vector<MapLine> lines{};    // over tokens first
};

struct Map {
  std::string scenario{};
  std::vector<MapGroup> groups{};
};

// The map of a scenario's cells, whose records must outlive it. Gains are those of the runtime
// (gains.h), so that the intervals of an arm against another hold together over the whole map.
// Records without metrics stand for cells that nobody has measured yet. `against`: the parallelism
// to compare with alone; empty: all. Error where nothing can be compared: no cell of expert
// parallelism, none of another, or no two that agree elsewhere.
Map map_of(const reports::ScenarioCells& scenario, const std::string& against = "");

// The gain's log and half of its interval, at a place.
Point point_of(double at, const reports::Gain& gain);

}  // namespace moebench::crossover
