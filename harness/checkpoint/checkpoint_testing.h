#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/checkpoint/folder.h"
#include "harness/checkpoint/save.h"
#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench::checkpoint {

inline constexpr std::int64_t kElements = 10;  // of each of the two parameters

inline config::CellConfig test_cell() {
  config::CellConfig cell;
  cell.model.name = "toy";
  cell.ranks = 2;
  cell.grad_accumulation = 3;
  cell.dtype = config::Dtype::kFp32;
  cell.seed = 5;
  return cell;
}

// Element i of a quantity at a step; all different.
inline float test_value(std::int64_t step, Quantity quantity, int parameter, std::int64_t i) {
  return static_cast<float>(1000 * step + 100 * static_cast<int>(quantity) + 20 * parameter + i);
}

// Saves parameters "a" and "b" as the ranks of `num_ranks` would that cut each in equal slices.
inline void save_test_checkpoint(
    const std::filesystem::path& folder, std::int64_t step, int num_ranks = 2,
    std::int64_t keep = 0, const std::function<void(Stage)>& on_stage = [](Stage) {}) {
  Save save(folder, step, on_stage);
  save.begin();
  Manifest manifest{.step = step,
                    .next_data_step = step,
                    .micro_batches_per_step = 6,
                    .dtype = config::Dtype::kFp32,
                    .cell = test_cell().identity_fields()};
  const std::int64_t slice = kElements / num_ranks;
  for (int rank = 0; rank < num_ranks; ++rank) {
    std::vector<std::vector<float>> values;
    std::vector<PieceData> pieces;
    for (const Quantity quantity : kQuantities) {
      for (int parameter = 0; parameter < 2; ++parameter) {
        auto& list = values.emplace_back();
        for (std::int64_t i = rank * slice; i < (rank + 1) * slice; ++i) {
          list.push_back(test_value(step, quantity, parameter, i));
        }
        pieces.push_back({{quantity, parameter == 0 ? "a" : "b", rank * slice, slice},
                          std::as_bytes(std::span(list))});
      }
    }
    manifest.files.push_back(save.write_shard(rank, manifest.dtype, pieces));
  }
  save.commit(manifest, keep);
}

}  // namespace moebench::checkpoint
