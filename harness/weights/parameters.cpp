#include "harness/weights/parameters.h"

#include "harness/base/check.h"

namespace moebench::weights {

void check_range(const ParameterSpec& parameter, std::int64_t begin, std::size_t count) {
  const std::int64_t total = parameter.num_elements();
  MOEBENCH_CHECK(begin >= 0 && begin <= total && count <= static_cast<std::size_t>(total - begin));
}

}  // namespace moebench::weights
