#pragma once

#include <cstdint>

namespace moebench::kernels {

// The router of a mixture of experts behind its matrix product: softmax over the experts, the
// top_k largest, their weights divided by their sum (Jiang et al. 2024, Mixtral of experts).
// logits: [tokens, num_experts] fp32. Chosen are the largest logits, equal ones in the order of
// their experts, a NaN before all else, so that the choice does not depend on how exp rounds.
// probs: [tokens, num_experts], or null; ids, weights: [tokens, top_k], largest first.
// 1 <= top_k <= num_experts.
void route_top_k(const float* logits, std::int64_t tokens, std::int64_t num_experts,
                 std::int64_t top_k, float* probs, std::int32_t* ids, float* weights);

}  // namespace moebench::kernels
