#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/gpu/device_array.h"
#include "kernels/permute_rows/permute_rows.h"
#include "kernels/permute_rows/row_map_view.h"

namespace moebench::kernels {

inline std::vector<std::int32_t> random_experts(std::int64_t num_pairs, std::int64_t num_experts) {
  std::minstd_rand generator(2);
  std::vector<std::int32_t> experts;
  for (std::int64_t i = 0; i < num_pairs; ++i) {
    const auto value = static_cast<std::int64_t>(generator());
    experts.push_back(static_cast<std::int32_t>(value % num_experts));
  }
  return experts;
}

// A row map on the device, of random choices and without padding rows; for benchmarks.
class RandomMap {
 public:
  RandomMap(std::int64_t num_pairs, std::int64_t num_experts)
      : RandomMap(group_rows(random_experts(num_pairs, num_experts), num_experts, 1)) {}
  RowMapView view() {
    return {position_.data(), counts_.data(), offsets_.data(), position_.size(), counts_.size()};
  }

 private:
  explicit RandomMap(const RowMap& map)
      : position_(map.position),
        offsets_(std::vector<std::int32_t>(map.offsets.begin(), map.offsets.end())),
        counts_(map.counts) {}

  DeviceArray<std::int32_t> position_, offsets_;
  DeviceArray<std::int64_t> counts_;
};

}  // namespace moebench::kernels
