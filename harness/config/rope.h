#pragma once

#include <vector>

#include "harness/config/cell.h"

// What a model's RopeConfig comes to. Pure.
namespace moebench::config {

struct RopeFrequencies {
  // Radians a position, one for each pair of the rotary_dim() rotated dimensions.
  std::vector<double> inverse;
  double factor = 1;  // of cos and sin
};

// theta^(-2i/d) for rotary_dim() = d (Su et al. 2021, RoFormer), then by the model's scaling s of
// the context (RopeConfig::factor) that it was first trained on:
//   linear  divided by s (Chen et al. 2023, Extending context window of large language models via
//           positional interpolation);
//   llama3  so where a wave is longer than the context / low_freq_factor, kept where it is shorter
//           than the context / high_freq_factor, and in between a mix of both (Grattafiori et al.
//           2024, The Llama 3 herd of models);
//   yarn    so where a dimension turns less than beta_slow times within the context, kept where it
//           turns more than beta_fast times, with a ramp over the dimensions in between; cos and
//           sin grow by 0.1 ln s + 1 (Peng et al. 2023, YaRN, 3.2 and 3.4).
// In double: what fp32 would round off 10000 positions show as 1e-3 of an angle.
RopeFrequencies rope_frequencies(const ModelConfig& model);

// What attention scores are multiplied with: attention_multiplier, or 1 / sqrt(head_dim). Latent
// attention lets YaRN's growth work on whole keys, whose larger part no cos or sin reaches: it
// multiplies by (0.1 mscale_all_dim ln s + 1)^2 (DeepSeek V2, 2024, 3.1.4).
double score_scale(const ModelConfig& model);

}  // namespace moebench::config
