#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::train {

// Says how tests share a model out over their ranks.
struct Sharding {
  config::Parallelism parallelism = config::Parallelism::kFsdp;
  std::int64_t degree = 1;  // ep_degree or shard_degree

  void apply(config::CellConfig& cell) const {
    cell.parallelism = parallelism;
    cell.ep_degree = parallelism == config::Parallelism::kEp ? degree : 1;
    cell.shard_degree = parallelism == config::Parallelism::kHsdp ? degree : 0;
  }
  // "fsdp", "ep2", "hsdp2"
  std::string name() const {
    const std::string word = config::to_string(parallelism);
    return parallelism == config::Parallelism::kFsdp ? word : fmt::format("{}{}", word, degree);
  }
  friend bool operator==(const Sharding&, const Sharding&) = default;
};

// fsdp, ep of every power of two (below `ranks` there are replicas), and hsdp of every one that
// leaves several copies; from 4 ranks on.
inline std::vector<Sharding> shardings(std::int64_t ranks) {
  std::vector<Sharding> all = {{}};
  for (std::int64_t degree = 2; degree <= ranks; degree *= 2) {
    all.push_back({config::Parallelism::kEp, degree});
  }
  for (std::int64_t degree = 2; 2 * degree <= ranks; degree *= 2) {
    all.push_back({config::Parallelism::kHsdp, degree});
  }
  return all;
}

}  // namespace moebench::train
