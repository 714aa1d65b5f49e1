#include "harness/model/row_kernels.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <span>

#include "harness/base/check.h"
#include "harness/device/kernel_path.h"
#include "harness/model/weight.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/cross_entropy/cross_entropy_cuda.h"
#include "kernels/embedding/embedding.h"
#include "kernels/embedding/embedding_cuda.h"
#include "kernels/expert_histogram/expert_histogram_cuda.h"
#include "kernels/permute_rows/permute_rows_cuda.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/rms_norm/rms_norm_cuda.h"
#include "kernels/rope/rope_cuda.h"
#include "kernels/route_top_k/route_top_k_cuda.h"
#include "kernels/swiglu/swiglu_cuda.h"

namespace moebench::model {
namespace {

namespace cuda = kernels::cuda;
using device::stream_of;
using device::takes_gpu_kernels;

at::Tensor workspace(const at::Tensor& like, std::int64_t count, at::ScalarType dtype) {
  return at::empty({count}, like.options().dtype(dtype));
}

kernels::RowMapView view(const RowGroups& groups) {
  return {data<std::int32_t>(groups.position), data<std::int64_t>(groups.counts),
          data<std::int32_t>(groups.offsets), groups.num_pairs, groups.num_experts};
}

template <typename T>
kernels::HeadRows<T> head_rows(const HeadView& view) {
  return {data<T>(view.tensor) + view.offset, view.row_stride, view.head_stride};
}

template <typename T>
kernels::RopeSource<T> rope_source(const RopeViews& views) {
  return {head_rows<T>(views.q), head_rows<T>(views.k), head_rows<T>(views.k_rotary),
          head_rows<T>(views.v)};
}

template <typename T>
const T* data_or_null(const at::Tensor& tensor) {
  return tensor.defined() ? data<T>(tensor) : nullptr;
}

}  // namespace

SharedRowGroups group_rows(const at::Tensor& ids_Tk, std::int64_t num_experts,
                           std::int64_t row_multiple) {
  const auto groups = std::make_shared<RowGroups>();
  groups->num_pairs = ids_Tk.numel();
  groups->num_experts = num_experts;
  const auto* ids = data<std::int32_t>(ids_Tk);
  if (!takes_gpu_kernels(ids_Tk)) {
    groups->host = kernels::group_rows({ids, static_cast<std::size_t>(ids_Tk.numel())}, num_experts,
                                       row_multiple);
    groups->num_rows = groups->host.num_rows();
    return groups;
  }
  MOEBENCH_CHECK(row_multiple == 1);
  groups->num_rows = groups->num_pairs;
  groups->position = workspace(ids_Tk, groups->num_pairs, at::kInt);
  groups->counts = workspace(ids_Tk, num_experts, at::kLong);
  groups->offsets = workspace(ids_Tk, num_experts + 1, at::kInt);
  const at::Tensor scratch =
      workspace(ids_Tk, cuda::group_rows_workspace(groups->num_pairs, num_experts), at::kInt);
  cuda::group_rows(ids, row_multiple, view(*groups), data<std::int32_t>(scratch),
                   stream_of(ids_Tk));
  return groups;
}

at::Tensor rows_of_experts(const RowGroups& groups) {
  return groups.counts.defined() ? groups.counts : at::tensor(groups.host.counts);
}

RopeTables rope_tables(const kernels::RopeTable& table, at::Device device) {
  RopeTables tables{std::make_shared<const kernels::RopeTable>(table), {}, {}};
  if (!takes_gpu_kernels(device)) return tables;
  tables.cos = at::tensor(table.cos).to(device);
  tables.sin = at::tensor(table.sin).to(device);
  return tables;
}

namespace rows {

void rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, const at::Tensor& y,
              const at::Tensor& rstd) {
  const auto e = static_cast<float>(eps);
  for_dtype(x.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(x)) {
      cuda::rms_norm_forward(data<T>(x), data<T>(w), x.size(0), x.size(1), e, data<T>(y),
                             data<float>(rstd), stream_of(x));
    } else {
      kernels::rms_norm_forward(data<T>(x), data<T>(w), x.size(0), x.size(1), e, data<T>(y),
                                data<float>(rstd));
    }
  });
}

void rms_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& w,
                       const at::Tensor& rstd, const at::Tensor& dx, const at::Tensor& dw,
                       bool accumulate) {
  for_dtype(x.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(x)) {
      const at::Tensor scratch =
          workspace(x, cuda::rms_norm_backward_workspace(x.size(0), x.size(1)), at::kFloat);
      cuda::rms_norm_backward(data<T>(dy), data<T>(x), data<T>(w), data<float>(rstd), x.size(0),
                              x.size(1), data<T>(dx), data<T>(dw), accumulate, data<float>(scratch),
                              stream_of(x));
    } else {
      kernels::rms_norm_backward(data<T>(dy), data<T>(x), data<T>(w), data<float>(rstd), x.size(0),
                                 x.size(1), data<T>(dx), data<T>(dw), accumulate);
    }
  });
}

void rope_split(const RopeViews& from, const RopeTables& tables, const kernels::RopeShape& shape,
                const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  for_dtype(q.scalar_type(), [&]<typename T>(T) {
    const auto source = rope_source<const T>(from);
    if (takes_gpu_kernels(q)) {
      cuda::rope_split_forward(source, data<float>(tables.cos), data<float>(tables.sin), shape,
                               data<T>(q), data<T>(k), data<T>(v), stream_of(q));
    } else {
      kernels::rope_split_forward(source, *tables.host, shape, data<T>(q), data<T>(k), data<T>(v));
    }
  });
}

void rope_split_backward(const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv,
                         const RopeTables& tables, const kernels::RopeShape& shape,
                         const RopeViews& to) {
  for_dtype(dq.scalar_type(), [&]<typename T>(T) {
    const auto source = rope_source<T>(to);
    if (takes_gpu_kernels(dq)) {
      cuda::rope_split_backward(data<T>(dq), data<T>(dk), data<T>(dv), data<float>(tables.cos),
                                data<float>(tables.sin), shape, source, stream_of(dq));
    } else {
      kernels::rope_split_backward(data<T>(dq), data<T>(dk), data<T>(dv), *tables.host, shape,
                                   source);
    }
  });
}

void permute(const at::Tensor& x, const RowGroups& groups, std::int64_t top_k,
             const at::Tensor& rows) {
  for_dtype(x.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(x)) {
      cuda::permute_rows(data<T>(x), view(groups), top_k, x.size(1), data<T>(rows), stream_of(x));
    } else {
      kernels::permute_rows(data<T>(x), groups.host, top_k, x.size(1), data<T>(rows));
    }
  });
}

void combine(const at::Tensor& rows, const at::Tensor& weights, const RowGroups& groups,
             std::int64_t top_k, const at::Tensor& y) {
  const float* w = data_or_null<float>(weights);
  for_dtype(rows.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(rows)) {
      cuda::combine_rows(data<T>(rows), w, view(groups), top_k, rows.size(1), data<T>(y),
                         stream_of(rows));
    } else {
      kernels::combine_rows(data<T>(rows), w, groups.host, top_k, rows.size(1), data<T>(y));
    }
  });
}

void combine_backward(const at::Tensor& dy, const at::Tensor& rows, const at::Tensor& weights,
                      const RowGroups& groups, std::int64_t top_k, const at::Tensor& drows,
                      const at::Tensor& dweights) {
  for_dtype(dy.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(dy)) {
      cuda::combine_rows_backward(data<T>(dy), data<T>(rows), data<float>(weights), view(groups),
                                  top_k, dy.size(1), data<T>(drows), data<float>(dweights),
                                  stream_of(dy));
    } else {
      kernels::combine_rows_backward(data<T>(dy), data<T>(rows), data<float>(weights), groups.host,
                                     top_k, dy.size(1), data<T>(drows), data<float>(dweights));
    }
  });
}

void swiglu(const at::Tensor& gate_up, const at::Tensor& out,
            const kernels::GatedActivation& activation) {
  for_dtype(out.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(out)) {
      cuda::swiglu_forward(data<T>(gate_up), out.size(0), out.size(1), data<T>(out), stream_of(out),
                           activation);
    } else {
      kernels::swiglu_forward(data<T>(gate_up), out.size(0), out.size(1), data<T>(out), activation);
    }
  });
}

void swiglu_backward(const at::Tensor& dout, const at::Tensor& gate_up, const at::Tensor& dgate_up,
                     const at::Tensor& out, const kernels::GatedActivation& activation) {
  for_dtype(out.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(out)) {
      cuda::swiglu_backward(data<T>(dout), data<T>(gate_up), out.size(0), out.size(1),
                            data<T>(dgate_up), data<T>(out), stream_of(out), activation);
    } else {
      kernels::swiglu_backward(data<T>(dout), data<T>(gate_up), out.size(0), out.size(1),
                               data<T>(dgate_up), data<T>(out), activation);
    }
  });
}

void route_top_k(const at::Tensor& logits, const kernels::RouteShape& shape,
                 const at::Tensor& forced, const at::Tensor& scores, const at::Tensor& ids,
                 const at::Tensor& weights) {
  for_dtype(logits.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(logits)) {
      cuda::route_top_k(data<T>(logits), shape, data_or_null<std::int32_t>(forced),
                        data<float>(scores), data<std::int32_t>(ids), data<float>(weights),
                        stream_of(logits));
    } else {
      kernels::route_top_k(data<T>(logits), shape, data_or_null<std::int32_t>(forced),
                           data<float>(scores), data<std::int32_t>(ids), data<float>(weights));
    }
  });
}

void route_top_k_backward(const at::Tensor& dweights, const at::Tensor& dscores,
                          const at::Tensor& scores, const at::Tensor& ids,
                          const at::Tensor& weights, const kernels::RouteShape& shape,
                          const at::Tensor& dlogits) {
  for_dtype(dlogits.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(dlogits)) {
      cuda::route_top_k_backward(data<float>(dweights), data_or_null<float>(dscores),
                                 data<float>(scores), data<std::int32_t>(ids), data<float>(weights),
                                 shape, data<T>(dlogits), stream_of(dlogits));
    } else {
      kernels::route_top_k_backward(data<float>(dweights), data_or_null<float>(dscores),
                                    data<float>(scores), data<std::int32_t>(ids),
                                    data<float>(weights), shape, data<T>(dlogits));
    }
  });
}

at::Tensor cross_entropy_in_place(const at::Tensor& logits, const at::Tensor& labels, float scale) {
  const std::int64_t tokens = logits.size(0), vocab = logits.size(1);
  const at::Tensor sum = at::empty({}, logits.options().dtype(at::kDouble));
  for_dtype(logits.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(logits)) {
      const at::Tensor scratch =
          workspace(logits, cuda::cross_entropy_workspace(tokens), at::kDouble);
      cuda::cross_entropy_in_place(data<T>(logits), data<std::int64_t>(labels), tokens, vocab,
                                   scale, data<double>(sum), data<double>(scratch),
                                   stream_of(logits));
    } else {
      *data<double>(sum) = kernels::cross_entropy_in_place(
          data<T>(logits), data<std::int64_t>(labels), tokens, vocab, scale);
    }
  });
  return sum;
}

void embedding_backward(const at::Tensor& tokens, const at::Tensor& dx, const at::Tensor& dtable,
                        bool accumulate) {
  const std::int64_t vocab = dtable.size(0), hidden = dtable.size(1);
  for_dtype(dx.scalar_type(), [&]<typename T>(T) {
    if (takes_gpu_kernels(dx)) {
      const at::Tensor scratch =
          workspace(dx, cuda::embedding_backward_workspace(dx.size(0), vocab), at::kInt);
      cuda::embedding_backward(data<std::int64_t>(tokens), data<T>(dx), dx.size(0), vocab, hidden,
                               data<T>(dtable), accumulate, data<std::int32_t>(scratch),
                               stream_of(dx));
    } else {
      kernels::embedding_backward(data<std::int64_t>(tokens), data<T>(dx), dx.size(0), vocab,
                                  hidden, data<T>(dtable), accumulate);
    }
  });
}

}  // namespace rows
}  // namespace moebench::model
