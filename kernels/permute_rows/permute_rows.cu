#include "kernels/gpu/launch_tile.h"
#include "kernels/permute_rows/permute_rows_cuda.h"
#include "kernels/permute_rows/permute_rows_tile.h"

namespace moebench::kernels::cuda {
namespace {

template <typename T>
void zero_unused_rows(T* rows, const RowMapView& map, std::int64_t hidden, CudaStream stream) {
  const auto with = [&](auto width) {
    launch("zero_unused_rows", ZeroUnusedRowsTile<T, decltype(width)::value>(rows, map, hidden),
           stream);
  };
  with_width(hidden, with, rows);
}

}  // namespace

template <typename T>
void permute_rows(const T* x, const RowMapView& map, std::int64_t top_k, std::int64_t hidden,
                  T* rows, CudaStream stream) {
  zero_unused_rows(rows, map, hidden, stream);
  const auto with = [&](auto width) {
    launch("permute_rows", PermuteTile<T, decltype(width)::value>(x, rows, map, top_k, hidden),
           stream);
  };
  with_width(hidden, with, x, rows);
}

template <typename T>
void combine_rows(const T* rows, const float* weights, const RowMapView& map, std::int64_t top_k,
                  std::int64_t hidden, T* y, CudaStream stream) {
  const auto with = [&](auto width) {
    launch("combine_rows",
           CombineTile<T, decltype(width)::value>(rows, weights, y, map, top_k, hidden), stream);
  };
  with_width(hidden, with, rows, y);
}

template <typename T>
void combine_rows_backward(const T* dy, const T* rows, const float* weights, const RowMapView& map,
                           std::int64_t top_k, std::int64_t hidden, T* drows, float* dweights,
                           CudaStream stream) {
  zero_unused_rows(drows, map, hidden, stream);
  const auto with = [&](auto width) {
    launch("combine_rows_backward",
           CombineBackwardTile<T, decltype(width)::value>{dy, rows, weights, drows, dweights, map,
                                                          top_k, hidden},
           stream);
  };
  with_width(hidden, with, dy, rows, drows);
}

template void permute_rows(const float*, const RowMapView&, std::int64_t, std::int64_t, float*,
                           CudaStream);
template void permute_rows(const Bfloat16*, const RowMapView&, std::int64_t, std::int64_t,
                           Bfloat16*, CudaStream);
template void combine_rows(const float*, const float*, const RowMapView&, std::int64_t,
                           std::int64_t, float*, CudaStream);
template void combine_rows(const Bfloat16*, const float*, const RowMapView&, std::int64_t,
                           std::int64_t, Bfloat16*, CudaStream);
template void combine_rows_backward(const float*, const float*, const float*, const RowMapView&,
                                    std::int64_t, std::int64_t, float*, float*, CudaStream);
template void combine_rows_backward(const Bfloat16*, const Bfloat16*, const float*,
                                    const RowMapView&, std::int64_t, std::int64_t, Bfloat16*,
                                    float*, CudaStream);

}  // namespace moebench::kernels::cuda
