// Precompiled for every torch source. Only the tensor: operations come from <ATen/ops/...>, since
// what <ATen/ATen.h> instantiates costs each source two seconds, precompiled or not.
#include <ATen/core/Tensor.h>

#include "tools/cmake/pch.h"
