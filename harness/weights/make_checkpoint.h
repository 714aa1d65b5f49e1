#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "harness/config/cell.h"
#include "harness/config/model_override.h"

namespace moebench::weights {

struct MakeCheckpointOptions {
  std::uint64_t seed = 0;
  config::Dtype dtype = config::Dtype::kBf16;
  std::int64_t max_shard_bytes = 1'000'000'000;
  // Experts in two tensors a layer, as transformers 5 has them in memory, in place of one for each
  // expert and projection. A model whose own form is such keeps that.
  bool stack_experts = false;
  config::ModelKeys model_keys = {};  // set otherwise than the config.json says
  // Called now and then with bytes written and bytes in total.
  std::function<void(std::int64_t, std::int64_t)> progress = {};
};

// Writes config.json (a copy of `model_config`, but for keys that are set otherwise), the
// safetensors shards and model.safetensors.index.json to `folder`, with the seeded values of
// seeded_source. The folder appears whole or not at all; Error where it already exists and is not
// empty.
void make_checkpoint(const std::filesystem::path& model_config, const std::filesystem::path& folder,
                     const MakeCheckpointOptions& options);

}  // namespace moebench::weights
