#pragma once

#include <memory>

#include "harness/comm/device_communicator.h"

// The transports of device_communicator(); only in builds with CUDA.
namespace moebench::comm {

std::unique_ptr<Communicator> nccl_communicator(Communicator& host, const DeviceOptions& options);
std::unique_ptr<Communicator> staged_communicator(Communicator& host, const DeviceOptions& options);

}  // namespace moebench::comm
