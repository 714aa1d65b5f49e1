#include "kernels/gpu/launch_tile.h"
#include "kernels/rope/rope_cuda.h"
#include "kernels/rope/rope_tile.h"

namespace moebench::kernels::cuda {

template <typename T>
void rope_split_forward(const T* qkv, const float* cos, const float* sin, const RopeShape& shape,
                        T* q, T* k, T* v, CudaStream stream) {
  const auto with = [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    launch("rope_split_forward",
           RopeForwardTile<T, kWidth>{qkv, cos, sin, q, k, v, RopeGrid<kWidth>(shape)}, stream);
  };
  with_width(shape.head_dim / 2, with, qkv, q, k, v, cos, sin);
}

template <typename T>
void rope_split_backward(const T* dq, const T* dk, const T* dv, const float* cos, const float* sin,
                         const RopeShape& shape, T* dqkv, CudaStream stream) {
  const auto with = [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    launch("rope_split_backward",
           RopeBackwardTile<T, kWidth>{dq, dk, dv, cos, sin, dqkv, RopeGrid<kWidth>(shape)},
           stream);
  };
  with_width(shape.head_dim / 2, with, dq, dk, dv, dqkv, cos, sin);
}

template void rope_split_forward(const float*, const float*, const float*, const RopeShape&, float*,
                                 float*, float*, CudaStream);
template void rope_split_forward(const Bfloat16*, const float*, const float*, const RopeShape&,
                                 Bfloat16*, Bfloat16*, Bfloat16*, CudaStream);
template void rope_split_backward(const float*, const float*, const float*, const float*,
                                  const float*, const RopeShape&, float*, CudaStream);
template void rope_split_backward(const Bfloat16*, const Bfloat16*, const Bfloat16*, const float*,
                                  const float*, const RopeShape&, Bfloat16*, CudaStream);

}  // namespace moebench::kernels::cuda
