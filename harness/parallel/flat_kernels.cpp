#include "harness/parallel/flat_kernels.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include "harness/device/kernel_path.h"
#include "harness/model/weight.h"
#include "kernels/adamw/adamw_cuda.h"

namespace moebench::parallel::flat {

namespace cuda = kernels::cuda;
using device::stream_of;
using device::takes_gpu_kernels;
using model::data;

at::Tensor sum_of_squares(const at::Tensor& values) {
  const auto options = values.options().dtype(at::kDouble);
  const at::Tensor sum = at::empty({}, options);
  model::for_dtype(values.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(values)) {
      const at::Tensor scratch =
          at::empty({cuda::sum_of_squares_workspace(values.numel())}, options);
      cuda::sum_of_squares(data<T>(values), values.numel(), data<double>(sum),
                           data<double>(scratch), stream_of(values));
    } else {
      *data<double>(sum) = kernels::sum_of_squares(data<T>(values), values.numel());
    }
  });
  return sum;
}

void adamw(const at::Tensor& param, const at::Tensor& grad, const at::Tensor& exp_avg,
           const at::Tensor& exp_avg_sq, const kernels::AdamWOptions& options) {
  model::for_dtype(param.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(param)) {
      cuda::adamw(data<T>(param), data<T>(grad), data<T>(exp_avg), data<T>(exp_avg_sq),
                  param.numel(), options, stream_of(param));
    } else {
      kernels::adamw(data<T>(param), data<T>(grad), data<T>(exp_avg), data<T>(exp_avg_sq),
                     param.numel(), options);
    }
  });
}

}  // namespace moebench::parallel::flat
