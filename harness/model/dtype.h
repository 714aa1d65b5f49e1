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

}  // namespace moebench::model
