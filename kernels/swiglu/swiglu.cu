#include "kernels/gpu/launch_tile.h"
#include "kernels/swiglu/swiglu_cuda.h"
#include "kernels/swiglu/swiglu_tile.h"

namespace moebench::kernels::cuda {

template <typename T>
void swiglu_forward(const T* gate_up, std::int64_t rows, std::int64_t intermediate, T* out,
                    CudaStream stream, const GatedActivation& activation) {
  const auto with = [&](auto width) {
    with_form(activation, [&](const auto& form) {
      launch("swiglu_forward",
             SwigluForwardTile<T, decltype(width)::value, std::decay_t<decltype(form)>>(
                 form, gate_up, out, rows, intermediate),
             stream);
    });
  };
  with_width(intermediate, with, gate_up, out);
}

template <typename T>
void swiglu_backward(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t intermediate,
                     T* dgate_up, T* out, CudaStream stream, const GatedActivation& activation) {
  const auto with = [&](auto width) {
    with_form(activation, [&](const auto& form) {
      launch("swiglu_backward",
             SwigluBackwardTile<T, decltype(width)::value, std::decay_t<decltype(form)>>(
                 form, dout, gate_up, dgate_up, out, rows, intermediate),
             stream);
    });
  };
  with_width(intermediate, with, dout, gate_up, dgate_up, out);
}

template void swiglu_forward(const float*, std::int64_t, std::int64_t, float*, CudaStream,
                             const GatedActivation&);
template void swiglu_forward(const Bfloat16*, std::int64_t, std::int64_t, Bfloat16*, CudaStream,
                             const GatedActivation&);
template void swiglu_backward(const float*, const float*, std::int64_t, std::int64_t, float*,
                              float*, CudaStream, const GatedActivation&);
template void swiglu_backward(const Bfloat16*, const Bfloat16*, std::int64_t, std::int64_t,
                              Bfloat16*, Bfloat16*, CudaStream, const GatedActivation&);

}  // namespace moebench::kernels::cuda
