#pragma once

#include <cstdint>
#include <vector>

namespace moebench::profile_gpu {

struct Interval {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  auto operator<=>(const Interval&) const = default;
};

// Ascending, without overlap, touch or emptiness: what union_of() makes.
using Intervals = std::vector<Interval>;

// The moments that lie in at least one of them; in any order, empty and reversed ones are none.
Intervals union_of(std::vector<Interval> intervals);
Intervals intersection(const Intervals& a, const Intervals& b);
// The moments of `a` that are none of `b`.
Intervals difference(const Intervals& a, const Intervals& b);

std::int64_t length_ns(const Intervals& intervals);

}  // namespace moebench::profile_gpu
