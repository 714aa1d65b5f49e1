#include "harness/checkpoint/difference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "harness/base/bfloat16.h"
#include "harness/base/error.h"

namespace moebench::checkpoint {
namespace {

constexpr std::int64_t kBlockElements = 1 << 18;

struct Sums {
  bool identical = true;
  double difference = 0;  // sums of squares
  double want = 0;

  double relative() const {
    if (identical || difference == 0) return 0;
    // A NaN must not pass as small.
    const double ratio = std::sqrt(difference / want);
    return std::isfinite(ratio) ? ratio : std::numeric_limits<double>::infinity();
  }
};

template <typename Element>
void add(const std::vector<std::byte>& got, const std::vector<std::byte>& want, Sums& sums) {
  sums.identical = sums.identical && got == want;
  for (std::size_t at = 0; at < want.size(); at += sizeof(Element)) {
    Element a, b;
    std::memcpy(&a, &got[at], sizeof a);
    std::memcpy(&b, &want[at], sizeof b);
    const double value = to_float(b);
    const double difference = to_float(a) - value;
    sums.difference += difference * difference;
    sums.want += value * value;
  }
}

Sums compare(const Reader& got, const Reader& want, Quantity quantity, const std::string& parameter,
             std::int64_t num_elements) {
  const std::int64_t width = weights::element_bytes(want.manifest().dtype);
  Sums sums;
  std::vector<std::byte> got_block, want_block;
  for (std::int64_t begin = 0; begin < num_elements; begin += kBlockElements) {
    const auto bytes =
        static_cast<std::size_t>(std::min(kBlockElements, num_elements - begin) * width);
    got_block.resize(bytes);
    want_block.resize(bytes);
    got.read(quantity, parameter, begin, got_block);
    want.read(quantity, parameter, begin, want_block);
    if (width == 4) {
      add<float>(got_block, want_block, sums);
    } else {
      add<Bfloat16>(got_block, want_block, sums);
    }
  }
  return sums;
}

}  // namespace

Difference difference(const Reader& got, const Reader& want) {
  const auto parameters = want.parameters();
  if (got.parameters() != parameters || got.manifest().dtype != want.manifest().dtype) {
    throw Error(
        "checkpoints '{}' and '{}' are of different models or dtypes; compare like with like",
        got.path().string(), want.path().string());
  }
  Difference result;
  for (const auto& [parameter, num_elements] : parameters) {
    for (const Quantity quantity : kQuantities) {
      const Sums sums = compare(got, want, quantity, parameter, num_elements);
      result.identical = result.identical && sums.identical;
      if (quantity != Quantity::kParameter) {
        result.moments = std::max(result.moments, sums.relative());
      } else if (sums.relative() > result.parameters) {
        result.parameters = sums.relative();
        result.worst_parameter = parameter;
      }
    }
  }
  return result;
}

}  // namespace moebench::checkpoint
