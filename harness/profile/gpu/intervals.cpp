#include "harness/profile/gpu/intervals.h"

#include <algorithm>

namespace moebench::profile_gpu {

Intervals union_of(std::vector<Interval> intervals) {
  std::erase_if(intervals, [](const Interval& i) { return i.end_ns <= i.begin_ns; });
  std::ranges::sort(intervals);
  Intervals joined;
  for (const Interval& next : intervals) {
    if (joined.empty() || next.begin_ns > joined.back().end_ns) {
      joined.push_back(next);
    } else {
      joined.back().end_ns = std::max(joined.back().end_ns, next.end_ns);
    }
  }
  return joined;
}

Intervals intersection(const Intervals& a, const Intervals& b) {
  Intervals common;
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() && j != b.end()) {
    const std::int64_t begin = std::max(i->begin_ns, j->begin_ns);
    const std::int64_t end = std::min(i->end_ns, j->end_ns);
    if (begin < end) common.push_back({begin, end});
    if (i->end_ns < j->end_ns) {
      ++i;
    } else {
      ++j;
    }
  }
  return common;
}

Intervals difference(const Intervals& a, const Intervals& b) {
  Intervals rest;
  auto cut = b.begin();
  for (Interval left : a) {
    while (cut != b.end() && cut->end_ns <= left.begin_ns) ++cut;
    for (auto at = cut; at != b.end() && at->begin_ns < left.end_ns; ++at) {
      if (at->begin_ns > left.begin_ns) rest.push_back({left.begin_ns, at->begin_ns});
      left.begin_ns = std::max(left.begin_ns, at->end_ns);
    }
    if (left.begin_ns < left.end_ns) rest.push_back(left);
  }
  return rest;
}

std::int64_t length_ns(const Intervals& intervals) {
  std::int64_t length = 0;
  for (const Interval& interval : intervals) length += interval.end_ns - interval.begin_ns;
  return length;
}

}  // namespace moebench::profile_gpu
