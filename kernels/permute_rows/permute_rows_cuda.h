#pragma once

#include <cstdint>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/tile.h"
#include "kernels/permute_rows/row_map_view.h"

// permute_rows.h's operations on device memory, in the order of `stream`; they return before they
// are done and throw Error where a launch fails. `rows` has room for all that the map can give.
namespace moebench::kernels::cuda {

template <typename T>
void permute_rows(const T* x, const RowMapView& map, std::int64_t top_k, std::int64_t hidden,
                  T* rows, CudaStream stream);

template <typename T>
void combine_rows(const T* rows, const float* weights, const RowMapView& map, std::int64_t top_k,
                  std::int64_t hidden, T* y, CudaStream stream);

template <typename T>
void combine_rows_backward(const T* dy, const T* rows, const float* weights, const RowMapView& map,
                           std::int64_t top_k, std::int64_t hidden, T* drows, float* dweights,
                           CudaStream stream);

}  // namespace moebench::kernels::cuda
