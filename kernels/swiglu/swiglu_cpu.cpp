#include "kernels/swiglu/swiglu.h"

#include "kernels/swiglu/gated_form.h"
#include "kernels/vector_math.h"

namespace moebench::kernels {
namespace {

constexpr auto kSigmoid = [](float x) { return fast_sigmoid(x); };

// Where a row has its gates and ups: elements `step` apart.
template <typename Form, typename T>
struct Row {
  static constexpr std::int64_t kStep = Form::kInterleaved ? 2 : 1;
  T* gate;
  T* up;

  Row(T* rows, std::int64_t row, std::int64_t intermediate)
      : gate(rows + row * 2 * intermediate), up(gate + (Form::kInterleaved ? 1 : intermediate)) {}
};

template <typename Form, typename T>
void forward(const Form& form, const T* gate_up, std::int64_t rows, std::int64_t intermediate,
             T* out) {
#pragma omp parallel for
  for (std::int64_t r = 0; r < rows; ++r) {
    const Row<Form, const T> in(gate_up, r, intermediate);
    T* out_I = out + r * intermediate;
#pragma omp simd
    for (std::int64_t i = 0; i < intermediate; ++i) {
      const std::int64_t at = i * in.kStep;
      out_I[i] = from_float<T>(form.forward(to_float(in.gate[at]), to_float(in.up[at]), kSigmoid));
    }
  }
}

template <typename Form, typename T>
void backward(const Form& form, const T* dout, const T* gate_up, std::int64_t rows,
              std::int64_t intermediate, T* dgate_up, T* out) {
#pragma omp parallel for
  for (std::int64_t r = 0; r < rows; ++r) {
    const Row<Form, const T> in(gate_up, r, intermediate);
    const Row<Form, T> gradient(dgate_up, r, intermediate);
    const T* dout_I = dout + r * intermediate;
    T* out_I = out + r * intermediate;
#pragma omp simd
    for (std::int64_t i = 0; i < intermediate; ++i) {
      const std::int64_t at = i * in.kStep;
      const GatedGradient d =
          form.backward(to_float(dout_I[i]), to_float(in.gate[at]), to_float(in.up[at]), kSigmoid);
      out_I[i] = from_float<T>(d.out);
      gradient.gate[at] = from_float<T>(d.dgate);
      gradient.up[at] = from_float<T>(d.dup);
    }
  }
}

}  // namespace

template <typename T>
void swiglu_forward(const T* gate_up, std::int64_t rows, std::int64_t intermediate, T* out,
                    const GatedActivation& activation) {
  with_form(activation, [&](const auto& form) { forward(form, gate_up, rows, intermediate, out); });
}

template <typename T>
void swiglu_backward(const T* dout, const T* gate_up, std::int64_t rows, std::int64_t intermediate,
                     T* dgate_up, T* out, const GatedActivation& activation) {
  with_form(activation, [&](const auto& form) {
    backward(form, dout, gate_up, rows, intermediate, dgate_up, out);
  });
}

template void swiglu_forward(const float*, std::int64_t, std::int64_t, float*,
                             const GatedActivation&);
template void swiglu_forward(const Bfloat16*, std::int64_t, std::int64_t, Bfloat16*,
                             const GatedActivation&);
template void swiglu_backward(const float*, const float*, std::int64_t, std::int64_t, float*,
                              float*, const GatedActivation&);
template void swiglu_backward(const Bfloat16*, const Bfloat16*, std::int64_t, std::int64_t,
                              Bfloat16*, Bfloat16*, const GatedActivation&);

}  // namespace moebench::kernels
