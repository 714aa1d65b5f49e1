#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "harness/config/cell.h"
#include "harness/model/flat_weights.h"
#include "harness/model/row_kernels.h"
#include "kernels/swiglu/swiglu.h"

namespace moebench::model {

struct ExpertLoad {
  at::Tensor rows_E;             // int64: that each expert of this process computed
  std::int64_t padded_rows = 0;  // computed beside them, to fill up groups
};
struct ExpertOutput {
  at::Tensor y_TH;
  ExpertLoad load;
};

// Work that needs nothing of the experts; called once.
using Meanwhile = std::function<void()>;

// Applies the experts that `ids` chose: y[t] = sum over j of weights[t, j] x expert ids[t, j] of
// x[t]. x_TH: [T, H]; weights_Tk: fp32 [T, k], or undefined for ones; ids_Tk: int32 [T, k].
// Where rows travel to their experts, `meanwhile` runs while they do.
using ExpertFunction = std::function<ExpertOutput(
    const at::Tensor& x_TH, const at::Tensor& weights_Tk, const at::Tensor& ids_Tk,
    ExpertWeights& weights, const Meanwhile& meanwhile)>;

// How experts of a model are activated; whether rows are interleaved their weights say.
kernels::GatedActivation expert_activation(const config::ModelConfig& model);

// All experts of `weights` in this process. `loop`: one masked pass per expert, as Hugging Face's
// eager models do; `grouped`: rows sorted by expert, then one product per group.
ExpertFunction local_experts(config::ExpertKernel kernel,
                             const kernels::GatedActivation& activation = {});

// Experts over grouped rows, by stacks of weights: on the CPU one matrix product a group and
// projection, or where groups have few rows one kernel for all (config/expert_rows.h); on a GPU one
// grouped product a projection. Saves rows and both projections for its
// backward pass, [R, H] and [R, 2I].
at::Tensor grouped_experts(const at::Tensor& rows_RH, SharedRowGroups groups,
                           ExpertWeights& weights, const kernels::GatedActivation& activation = {});

}  // namespace moebench::model
