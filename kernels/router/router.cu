#include "kernels/gpu/launch_tile.h"
#include "kernels/router/router_cuda.h"
#include "kernels/router/router_tile.h"

namespace moebench::kernels::cuda {

void route_top_k(const float* logits, std::int64_t tokens, std::int64_t num_experts,
                 std::int64_t top_k, float* probs, std::int32_t* ids, float* weights,
                 CudaStream stream) {
  MOEBENCH_CHECK(top_k >= 1 && top_k <= num_experts);
  // As many lanes as there are experts, in a power of two, up to a warp.
  std::int32_t lanes = 1;
  while (lanes < num_experts && lanes < 32) lanes *= 2;
  launch("route_top_k", RouterTile{logits, probs, ids, weights, tokens, num_experts, top_k, lanes},
         stream);
}

}  // namespace moebench::kernels::cuda
