#include "kernels/gpu/launch_tile.h"
#include "kernels/route_top_k/route_top_k_cuda.h"
#include "kernels/route_top_k/route_top_k_tile.h"

namespace moebench::kernels::cuda {

template <typename T>
void route_top_k(const T* logits, const RouteShape& shape, const std::int32_t* forced,
                 float* scores, std::int32_t* ids, float* weights, CudaStream stream) {
  MOEBENCH_CHECK(shape.top_k >= 1 && shape.top_k <= shape.num_experts);
  launch("route_top_k", RouteTile<T>{logits, forced, scores, ids, weights, RouteGrid(shape)},
         stream);
}

template <typename T>
void route_top_k_backward(const float* dweights, const float* dscores, const float* scores,
                          const std::int32_t* ids, const float* weights, const RouteShape& shape,
                          T* dlogits, CudaStream stream) {
  launch("route_top_k_backward",
         RouteBackwardTile<T>{dweights, dscores, scores, ids, weights, dlogits, RouteGrid(shape)},
         stream);
}

template void route_top_k(const float*, const RouteShape&, const std::int32_t*, float*,
                          std::int32_t*, float*, CudaStream);
template void route_top_k(const Bfloat16*, const RouteShape&, const std::int32_t*, float*,
                          std::int32_t*, float*, CudaStream);
template void route_top_k_backward(const float*, const float*, const float*, const std::int32_t*,
                                   const float*, const RouteShape&, float*, CudaStream);
template void route_top_k_backward(const float*, const float*, const float*, const std::int32_t*,
                                   const float*, const RouteShape&, Bfloat16*, CudaStream);

}  // namespace moebench::kernels::cuda
