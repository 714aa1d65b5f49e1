#pragma once

#include "harness/comm/communicator.h"

namespace moebench::comm {

// Stands for a call that is over when it returns.
class Done : public Pending {
 public:
  void wait() override {}
};

}  // namespace moebench::comm
