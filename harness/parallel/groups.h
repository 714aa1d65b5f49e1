#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/comm/device_communicator.h"
#include "harness/config/mesh.h"

namespace moebench::parallel {

// The communicators of a rank's groups, each made when it is first asked for. All ranks of the
// world ask for their groups of the same kind in the same order.
class Groups {
 public:
  // `world` must outlive it. With `device` the communicators are for tensors on a GPU.
  Groups(comm::Communicator& world, std::optional<comm::DeviceOptions> device)
      : world_(world), device_(std::move(device)) {}

  // `group`: one that this rank is of. Collective over the world where it is new.
  comm::Communicator& of(const config::RankGroup& group);

  // Error where a collective of a group on a GPU has failed, also one that nobody waited for.
  void throw_if_failed() const;

 private:
  comm::Communicator& make_on_host(const config::RankGroup& group);

  comm::Communicator& world_;
  std::optional<comm::DeviceOptions> device_;
  std::vector<std::unique_ptr<comm::Communicator>> on_host_, on_device_;  // these first to go
  std::vector<std::pair<config::RankGroup, comm::Communicator*>> made_;
};

}  // namespace moebench::parallel
