#pragma once

#include <ATen/core/Tensor.h>

#include "harness/measure/phases.h"

namespace moebench::model {

// In the backward pass, time counts as `phase`'s backward from where `output`, the last tensor that
// the forward pass of the phase made, is reached. Autograd runs operations in the reverse order of
// their making, so marks on the ends of all phases take the whole pass apart. Without a graph
// nothing is marked.
void mark_backward(const at::Tensor& output, measure::Phase phase);

}  // namespace moebench::model
