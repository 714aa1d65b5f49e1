#include "kernels/swiglu/swiglu.h"

#include "kernels/vector_math.h"

namespace moebench::kernels {

template <typename T>
void swiglu_forward(const T* gate_up, std::int64_t rows, std::int64_t intermediate, T* out) {
#pragma omp parallel for
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* gate = gate_up + r * 2 * intermediate;
    const T* up = gate + intermediate;
    T* out_I = out + r * intermediate;
#pragma omp simd
    for (std::int64_t i = 0; i < intermediate; ++i) {
      const float g = to_float(gate[i]);
      out_I[i] = from_float<T>(g * fast_sigmoid(g) * to_float(up[i]));
    }
  }
}

template <typename T>
void swiglu_backward(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t intermediate,
                     T* dgate_up, T* out) {
#pragma omp parallel for
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* gate = gate_up + r * 2 * intermediate;
    const T* up = gate + intermediate;
    const T* dout_I = dout + r * intermediate;
    T* dgate = dgate_up + r * 2 * intermediate;
    T* dup = dgate + intermediate;
    T* out_I = out + r * intermediate;
#pragma omp simd
    for (std::int64_t i = 0; i < intermediate; ++i) {
      const float g = to_float(gate[i]);
      const float u = to_float(up[i]);
      const float d = to_float(dout_I[i]);
      const float sigmoid = fast_sigmoid(g);
      const float silu = g * sigmoid;
      out_I[i] = from_float<T>(silu * u);
      dgate[i] = from_float<T>(d * u * (sigmoid + silu * (1.0f - sigmoid)));
      dup[i] = from_float<T>(d * silu);
    }
  }
}

template void swiglu_forward(const float*, std::int64_t, std::int64_t, float*);
template void swiglu_forward(const Bfloat16*, std::int64_t, std::int64_t, Bfloat16*);
template void swiglu_backward(const float*, const float*, std::int64_t, std::int64_t, float*,
                              float*);
template void swiglu_backward(const Bfloat16*, const Bfloat16*, std::int64_t, std::int64_t,
                              Bfloat16*, Bfloat16*);

}  // namespace moebench::kernels
