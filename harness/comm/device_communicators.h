#pragma once

#include <memory>

#include "harness/comm/device_communicator.h"
#include "harness/comm/device_runtime.h"
#include "harness/comm/nccl_library.h"

// The transports of device_communicator(). Everything passed must outlive them.
namespace moebench::comm {

std::unique_ptr<Communicator> nccl_communicator(Communicator& host, const DeviceOptions& options,
                                                const NcclLibrary& nccl, DeviceRuntime& runtime);
std::unique_ptr<Communicator> staged_communicator(Communicator& host, const DeviceOptions& options,
                                                  DeviceRuntime& runtime);

}  // namespace moebench::comm
