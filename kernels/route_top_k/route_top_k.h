#pragma once

#include <cstdint>

namespace moebench::kernels {

// A router of a mixture of experts behind its matrix product: softmax over the experts, the top_k
// of them with the largest logits, and their weights (Jiang et al. 2024, "Mixtral of experts").
struct RouteShape {
  std::int64_t tokens = 0, num_experts = 0, top_k = 0;  // 1 <= top_k <= num_experts
  bool normalise = true;  // weights are divided by their sum, before `scale`
  float scale = 1;        // multiplies the weights
};

// logits: [tokens, num_experts]. scores: softmax of a row, [tokens, num_experts]. ids, weights:
// [tokens, top_k], largest first. Of equal logits the first expert is chosen, and a NaN before all
// else, which makes the whole row's scores and weights NaN.
// `forced`: null, or [tokens, top_k] experts that take the place of the chosen ones, in ids and
// weights; the choice is still made, so that it costs what it costs.
template <typename T>
void route_top_k(const T* logits, const RouteShape& shape, const std::int32_t* forced,
                 float* scores, std::int32_t* ids, float* weights);

// The gradient of the logits from those of the weights and, where it is not null, the scores. The
// rest is what route_top_k took and gave.
//   dp_e = dscores_e + [e chosen] d/dp_e of sum_j dweights_j weights_j
//   weights_j = scale p_j / sum of chosen p:  (scale dweights_j - sum_i dweights_i weights_i) / sum
//   weights_j = scale p_j:                     scale dweights_j
//   dlogits_e = p_e (dp_e - sum_f p_f dp_f)
template <typename T>
void route_top_k_backward(const float* dweights, const float* dscores, const float* scores,
                          const std::int32_t* ids, const float* weights, const RouteShape& shape,
                          T* dlogits);

}  // namespace moebench::kernels
