#pragma once

#include <map>
#include <string>

#include "harness/comm/communicator.h"
#include "harness/measure/phases.h"
#include "harness/measure/torch/tensor_memory.h"
#include "harness/profile/collectives.h"
#include "harness/profile/gpu/summary.h"
#include "harness/profile/op_profiler.h"
#include "harness/record/record.h"

namespace moebench::train {

// A rank's share of the metrics of a profile, per step: see harness/record/schema.md.
void write_phases(const measure::PhaseTimes& times, double num_steps, record::Metrics& metrics);
// Collective: learns how long the others waited for this rank.
void write_collectives(const profile::CollectiveLog& log, double num_steps,
                       record::Metrics& metrics);
void write_calls(const profile::CallTable& table, double num_steps, record::Metrics& metrics);
void write_movements(const std::map<std::string, profile::Movement>& movements, double num_steps,
                     record::Metrics& metrics);
void write_gpu(const profile_gpu::GpuSummary& gpu, double num_steps, record::Metrics& metrics);
// The largest moment of each phase.
void write_memory_by_phase(const std::vector<measure::MemoryMoment>& timeline,
                           record::Metrics& metrics);

// Gives every rank the metrics of families (operations, sizes of messages, ...) that any rank has:
// 0 where a rank has none of it, as an operation that it never called. Collective.
void share_families(comm::Communicator& world, record::Metrics& metrics);

}  // namespace moebench::train
