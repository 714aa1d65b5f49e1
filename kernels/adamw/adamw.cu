#include "kernels/adamw/adamw_cuda.h"
#include "kernels/adamw/adamw_tile.h"
#include "kernels/adamw/sum_of_squares_tile.h"
#include "kernels/gpu/launch_tile.h"
#include "kernels/gpu/sum_doubles_tile.h"

namespace moebench::kernels::cuda {

template <typename T>
void adamw(T* param, const T* grad, T* exp_avg, T* exp_avg_sq, std::int64_t count,
           const AdamWOptions& options, CudaStream stream) {
  const auto update = [&](auto width, std::int64_t begin, std::int64_t end) {
    AdamWTile<T, decltype(width)::value> tile(param + begin, grad + begin, exp_avg + begin,
                                              exp_avg_sq + begin);
    tile.count = end - begin;
    tile.s = adamw_scalars(options);
    launch("adamw", tile, stream);
  };
  // A shard's length is arbitrary: whole vectors first, then what is left one by one.
  const std::int64_t whole = count / kFullWidth<T> * kFullWidth<T>;
  with_width(
      whole, [&](auto width) { update(width, 0, whole); }, param, grad, exp_avg, exp_avg_sq);
  update(std::integral_constant<int, 1>(), whole, count);
}

std::int64_t sum_of_squares_workspace(std::int64_t count) {
  return SumOfSquaresPlan::blocks(count);
}

template <typename T>
void sum_of_squares(const T* values, std::int64_t count, double* sum, double* workspace,
                    CudaStream stream) {
  const std::int64_t blocks = SumOfSquaresPlan::blocks(count);
  const auto with = [&](auto width) {
    launch("sum_of_squares",
           SumOfSquaresTile<T, decltype(width)::value>{values, count, workspace, blocks}, stream);
  };
  // The tile sees to a ragged end itself: only the address counts.
  with_width(0, with, values);
  launch("sum_of_squares: blocks", SumDoublesTile{workspace, blocks, sum}, stream);
}

template void adamw(float*, const float*, float*, float*, std::int64_t, const AdamWOptions&,
                    CudaStream);
template void adamw(Bfloat16*, const Bfloat16*, Bfloat16*, Bfloat16*, std::int64_t,
                    const AdamWOptions&, CudaStream);
template void sum_of_squares(const float*, std::int64_t, double*, double*, CudaStream);
template void sum_of_squares(const Bfloat16*, std::int64_t, double*, double*, CudaStream);

}  // namespace moebench::kernels::cuda
