#include <numeric>

#include "kernels/gpu/launch_tile.h"
#include "kernels/rope/rope_cuda.h"
#include "kernels/rope/rope_tile.h"

namespace moebench::kernels::cuda {
namespace {

// Divides where vectors of a head may begin, before the split and after it.
template <typename T>
std::int64_t rope_extent(const RopeShape& shape, const RopeSource<T>& source) {
  // Arrays, since nvcc cannot loop over a braced list in a template.
  const std::int64_t dims[] = {shape.rotary_begin, shape.rotary(), shape.head_dim, shape.value(),
                               shape.split()};
  const HeadRows<T> all_heads[] = {source.q, source.k, source.k_rotary, source.v};
  std::int64_t extent = 0;
  for (const std::int64_t dim : dims) extent = std::gcd(extent, dim / 2);
  for (const HeadRows<T>& heads : all_heads) {
    extent = std::gcd(std::gcd(extent, heads.row_stride), heads.head_stride);
  }
  return extent;
}

}  // namespace

template <typename T>
void rope_split_forward(const RopeSource<const T>& from, const float* cos, const float* sin,
                        const RopeShape& shape, T* q, T* k, T* v, CudaStream stream) {
  const auto with = [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    launch("rope_split_forward",
           RopeForwardTile<T, kWidth>{from, cos, sin, q, k, v, RopeGrid<kWidth>(shape)}, stream);
  };
  with_width(rope_extent(shape, from), with, from.q.data, from.k.data, from.k_rotary.data,
             from.v.data, q, k, v, cos, sin);
}

template <typename T>
void rope_split_backward(const T* dq, const T* dk, const T* dv, const float* cos, const float* sin,
                         const RopeShape& shape, const RopeSource<T>& to, CudaStream stream) {
  const auto with = [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    launch("rope_split_backward",
           RopeBackwardTile<T, kWidth>{dq, dk, dv, cos, sin, to, RopeGrid<kWidth>(shape)}, stream);
  };
  with_width(rope_extent(shape, to), with, dq, dk, dv, to.q.data, to.k.data, to.k_rotary.data,
             to.v.data, cos, sin);
}

template void rope_split_forward(const RopeSource<const float>&, const float*, const float*,
                                 const RopeShape&, float*, float*, float*, CudaStream);
template void rope_split_forward(const RopeSource<const Bfloat16>&, const float*, const float*,
                                 const RopeShape&, Bfloat16*, Bfloat16*, Bfloat16*, CudaStream);
template void rope_split_backward(const float*, const float*, const float*, const float*,
                                  const float*, const RopeShape&, const RopeSource<float>&,
                                  CudaStream);
template void rope_split_backward(const Bfloat16*, const Bfloat16*, const Bfloat16*, const float*,
                                  const float*, const RopeShape&, const RopeSource<Bfloat16>&,
                                  CudaStream);

}  // namespace moebench::kernels::cuda
