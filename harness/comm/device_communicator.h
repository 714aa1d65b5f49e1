#pragma once

#include <cstdint>
#include <memory>

#include "harness/comm/communicator.h"
#include "kernels/gpu/tile.h"

namespace moebench::comm {

enum class DeviceTransport {
  kNccl,  // GPU to GPU; every rank needs a GPU of its own
  kHost,  // through host memory and the host group: slow, and all that ranks on one GPU have
};

struct DeviceOptions {
  DeviceTransport transport = DeviceTransport::kNccl;
  int device = 0;
  // Collectives begin behind what lies in this stream when they are started; wait() puts them
  // before what comes into it later. Nobody on the host waits, except with kHost.
  kernels::CudaStream stream = nullptr;
  // A reduce-scatter sums in fp32 in the order of ranks as on the CPU (an all-to-all and a kernel),
  // or as NCCL does, in the elements' type and its own order.
  bool sum_in_fp32 = true;
  // Limits one collective, counted from where its turn in the stream has come; beyond it the
  // communicator is aborted.
  double time_limit_s = 600;
  // An abort waits this long for a call of NCCL's that is in progress; see Watchdog.
  double abort_grace_s = 5;
};

// The ranks of `host`, which must outlive it, for collectives on device memory. all_reduce_sum and
// barrier stay with the host. With kNccl errors of peers, and collectives that do not end in time,
// abort NCCL's communicator, so that what hangs in the stream ends; the next collective on device
// memory, or throw_if_failed(), then throws Error with the reason. Collective. Error in a build
// without CUDA.
std::unique_ptr<Communicator> device_communicator(Communicator& host, const DeviceOptions& options);

// "NCCL 2.28.9"; empty where it was not loaded.
const char* nccl_version();

}  // namespace moebench::comm
