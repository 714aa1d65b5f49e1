#pragma once

#include "harness/comm/communicator.h"
#include "harness/model/experts.h"

namespace moebench::parallel {

// Expert parallelism around any expert function: each row travels to the rank that owns its
// expert (Shard(0) of the expert dimension over `group`), is computed there by `local`, and comes
// back. Dropless: message sizes follow the routing. `group` must outlive the function.
// `num_experts` of the whole model; each rank owns num_experts / group.size() consecutive ones.
model::ExpertFunction expert_parallel(comm::Communicator& group, std::int64_t num_experts,
                                      model::ExpertFunction local);

}  // namespace moebench::parallel
