#include "harness/base/error.h"
#include "harness/comm/device_communicator.h"

namespace moebench::comm {

std::unique_ptr<Communicator> device_communicator(Communicator&, const DeviceOptions&) {
  throw Error("collectives on device memory need a build with CUDA: tools/build cuda");
}

const char* nccl_version() { return ""; }

}  // namespace moebench::comm
