#include "harness/device/device.h"

#include "harness/base/error.h"
#include "harness/comm/host_ranks.h"
#include "harness/comm/nccl_library.h"
#include "harness/device/choose.h"
#include "harness/device/cuda_library.h"

namespace moebench::device {
namespace {

Offer offer_of(const config::CellConfig& cell, comm::Communicator& world) {
  const comm::HostRanks host = comm::host_ranks(world);
  Offer offer;
  offer.rank_on_host = host.group->rank();
  offer.ranks_on_host = host.group->size();
  offer.num_devices = cuda::num_devices(offer.why_none);
  offer.may_share = may_share_gpus(cell.device_collectives);
  return offer;
}

bool all_agree(comm::Communicator& world, bool mine) {
  double refusals = mine ? 0 : 1;
  world.all_reduce_sum({&refusals, 1});
  return refusals == 0;
}

}  // namespace

Place choose(const config::CellConfig& cell, comm::Communicator& world) {
  Place place;
  if (cell.device == config::Device::kCpu) return place;
  const Offer offer = offer_of(cell, world);
  int index = choose_index(offer, cell.device);
  if (cell.device == config::Device::kAuto) {
    place.reason = auto_reason(offer);
    if (!all_agree(world, index >= 0)) {
      if (index >= 0) place.reason = "a rank of another machine has no GPU";
      index = -1;
    }
    if (index < 0 && cell.reduce_dtype == config::Dtype::kBf16) {
      throw Unsupported("reduce_dtype bf16 needs GPUs, but {}; set it to fp32", place.reason);
    }
  }
  if (index < 0) return place;
  if (cell.device_collectives == config::DeviceCollectives::kNcclShared) comm::use_shared_nccl();
  cuda::take(index, place);
  return place;
}

}  // namespace moebench::device
