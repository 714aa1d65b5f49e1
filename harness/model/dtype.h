#pragma once

#include <c10/core/ScalarType.h>

#include "harness/base/check.h"
#include "harness/config/enums.h"

namespace moebench::model {

inline c10::ScalarType scalar_type(config::Dtype dtype) {
  switch (dtype) {
    case config::Dtype::kBf16:
      return c10::kBFloat16;
    case config::Dtype::kFp32:
      return c10::kFloat;
  }
  MOEBENCH_CHECK(!"a dtype outside its enumeration");
}

inline config::Dtype dtype_of(c10::ScalarType type) {
  for (const config::Dtype dtype : kValues<config::Dtype>) {
    if (scalar_type(dtype) == type) return dtype;
  }
  MOEBENCH_CHECK(!"a type that no cell has");
}

}  // namespace moebench::model
