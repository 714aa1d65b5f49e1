#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "kernels/permute_rows/permute_rows.h"
#include "kernels/rope/rope.h"
#include "kernels/route_top_k/route_top_k.h"
#include "kernels/swiglu/swiglu.h"

// The kernels on tensors: on the CPU's, or on a GPU in the order of its stream. Shapes and rounding
// are in the headers of kernels/. What is written must have its shape already.
namespace moebench::model {

// Says where each (token, choice) pair goes when rows are grouped by expert.
struct RowGroups {
  std::int64_t num_pairs = 0;
  std::int64_t num_rows = 0;
  std::int64_t num_experts = 0;
  kernels::RowMap host;  // on the CPU
  // On a GPU: int32 [pairs], int64 [experts], int32 [experts + 1].
  at::Tensor position, counts, offsets;
};
using SharedRowGroups = std::shared_ptr<const RowGroups>;

// ids_Tk: int32 [T, k]. `row_multiple` as kernels::group_rows; 1 on a GPU, so that the host knows
// the number of rows without asking.
SharedRowGroups group_rows(const at::Tensor& ids_Tk, std::int64_t num_experts,
                           std::int64_t row_multiple);
// Rows of each expert, int64 [experts], where the ids were.
at::Tensor rows_of_experts(const RowGroups& groups);

struct RopeTables {
  std::shared_ptr<const kernels::RopeTable> host;
  at::Tensor cos, sin;  // on a GPU: fp32 [seq_len, rotary_dim / 2]
};
// Tables for tensors of `device`.
RopeTables rope_tables(const kernels::RopeTable& table, at::Device device);

// kernels::HeadRows in a tensor's memory, from its element `offset` on.
struct HeadView {
  at::Tensor tensor;
  std::int64_t offset = 0, row_stride = 0, head_stride = 0;
};
// kernels::RopeSource of them.
struct RopeViews {
  HeadView q, k, k_rotary, v;
};

namespace rows {

void rms_norm(const at::Tensor& x, const at::Tensor& w, double eps, const at::Tensor& y,
              const at::Tensor& rstd);
void rms_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& w,
                       const at::Tensor& rstd, const at::Tensor& dx, const at::Tensor& dw,
                       bool accumulate);

void rope_split(const RopeViews& from, const RopeTables& tables, const kernels::RopeShape& shape,
                const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
void rope_split_backward(const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv,
                         const RopeTables& tables, const kernels::RopeShape& shape,
                         const RopeViews& to);

void permute(const at::Tensor& x, const RowGroups& groups, std::int64_t top_k,
             const at::Tensor& rows);
// weights: undefined for ones.
void combine(const at::Tensor& rows, const at::Tensor& weights, const RowGroups& groups,
             std::int64_t top_k, const at::Tensor& y);
void combine_backward(const at::Tensor& dy, const at::Tensor& rows, const at::Tensor& weights,
                      const RowGroups& groups, std::int64_t top_k, const at::Tensor& drows,
                      const at::Tensor& dweights);

void swiglu(const at::Tensor& gate_up, const at::Tensor& out,
            const kernels::GatedActivation& activation = {});
void swiglu_backward(const at::Tensor& dout, const at::Tensor& gate_up, const at::Tensor& dgate_up,
                     const at::Tensor& out, const kernels::GatedActivation& activation = {});

// forced: int32 [T, k], or undefined. scores: fp32 [T, E]; ids: int32 and weights: fp32 [T, k].
void route_top_k(const at::Tensor& logits, const kernels::RouteShape& shape,
                 const at::Tensor& forced, const at::Tensor& scores, const at::Tensor& ids,
                 const at::Tensor& weights);
// dscores: undefined for none.
void route_top_k_backward(const at::Tensor& dweights, const at::Tensor& dscores,
                          const at::Tensor& scores, const at::Tensor& ids,
                          const at::Tensor& weights, const kernels::RouteShape& shape,
                          const at::Tensor& dlogits);

// labels: int64 [T]. Returns the sum, fp64, where the logits are.
at::Tensor cross_entropy_in_place(const at::Tensor& logits, const at::Tensor& labels, float scale);

// tokens: int64 [T].
void embedding_backward(const at::Tensor& tokens, const at::Tensor& dx, const at::Tensor& dtable,
                        bool accumulate);

}  // namespace rows
}  // namespace moebench::model
