#include "kernels/gpu/launch_tile.h"
#include "kernels/rms_norm/rms_norm_cuda.h"
#include "kernels/rms_norm/rms_norm_tile.h"

namespace moebench::kernels::cuda {

template <typename T>
void rms_norm_forward(const T* x, const T* w, std::int64_t rows, std::int64_t hidden, float eps,
                      T* y, float* rstd, CudaStream stream) {
  const auto with = [&](auto width) {
    launch("rms_norm_forward",
           RmsNormForwardTile<T, decltype(width)::value>{x, w, y, rstd, rows, hidden, eps}, stream);
  };
  with_width(hidden, with, x, w, y);
}

std::int64_t rms_norm_backward_workspace(std::int64_t rows, std::int64_t hidden) {
  return divide_up(rows, kRmsNormBlockRows) * hidden;
}

template <typename T>
void rms_norm_backward(const T* dy, const T* x, const T* w, const float* rstd, std::int64_t rows,
                       std::int64_t hidden, T* dx, T* dw, bool accumulate, float* workspace,
                       CudaStream stream) {
  const auto with = [&](auto width) {
    launch(
        "rms_norm_backward",
        RmsNormBackwardTile<T, decltype(width)::value>{dy, x, w, rstd, dx, workspace, rows, hidden},
        stream);
  };
  with_width(hidden, with, dy, x, w, dx, workspace);
  launch("rms_norm_backward: weight",
         RmsNormWeightGradientTile<T>{workspace, divide_up(rows, kRmsNormBlockRows), hidden, dw,
                                      accumulate},
         stream);
}

template void rms_norm_forward(const float*, const float*, std::int64_t, std::int64_t, float,
                               float*, float*, CudaStream);
template void rms_norm_forward(const Bfloat16*, const Bfloat16*, std::int64_t, std::int64_t, float,
                               Bfloat16*, float*, CudaStream);
template void rms_norm_backward(const float*, const float*, const float*, const float*,
                                std::int64_t, std::int64_t, float*, float*, bool, float*,
                                CudaStream);
template void rms_norm_backward(const Bfloat16*, const Bfloat16*, const Bfloat16*, const float*,
                                std::int64_t, std::int64_t, Bfloat16*, Bfloat16*, bool, float*,
                                CudaStream);

}  // namespace moebench::kernels::cuda
