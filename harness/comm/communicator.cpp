#include "harness/comm/communicator.h"

#include "harness/comm/device_communicator.h"

namespace moebench::comm {

std::unique_ptr<Communicator> Communicator::on_device(const DeviceOptions& options) {
  return device_communicator(*this, options);
}

}  // namespace moebench::comm
