#pragma once

#include <algorithm>

namespace moebench::machine {

// Keeps what something costs below a share of the time that passes. Time in which nothing was spent
// is no credit for later: what was measured seldom is not measured in a burst.
class CostBudget {
 public:
  explicit CostBudget(double share) : share_(share) {}

  // Whether what is expected to cost so much is paid for by now, seconds since the begin.
  bool allows(double now_s, double expected_s) const {
    return (now_s - paid_until_s_) * share_ >= expected_s;
  }
  void spend(double now_s, double cost_s) {
    paid_until_s_ = std::max(now_s, paid_until_s_ + cost_s / share_);
  }

 private:
  double share_;
  double paid_until_s_ = 0;
};

}  // namespace moebench::machine
