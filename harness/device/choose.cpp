#include "harness/device/choose.h"

#include <fmt/core.h>

#include "harness/base/error.h"

namespace moebench::device {
namespace {

bool fits(const Offer& offer) {
  if (offer.num_devices == 0) return false;
  return offer.may_share || offer.ranks_on_host <= offer.num_devices;
}

}  // namespace

int choose_index(const Offer& offer, config::Device wanted) {
  if (wanted == config::Device::kCpu) return -1;
  if (fits(offer)) return offer.rank_on_host % offer.num_devices;
  if (wanted == config::Device::kAuto) return -1;
  if (offer.num_devices == 0) {
    throw Unsupported("device cuda: {}; set device to cpu or auto, or run where there is a GPU",
                      offer.why_none);
  }
  throw Unsupported(
      "device cuda: {} ranks on this machine, but {} GPU(s) are visible; start at most one rank a "
      "GPU (CUDA_VISIBLE_DEVICES hides some), or set device_collectives to host or "
      "nccl_shared, which let ranks share a GPU",
      offer.ranks_on_host, offer.num_devices);
}

std::string auto_reason(const Offer& offer) {
  if (fits(offer)) {
    return fmt::format("{} GPU(s) for {} rank(s) of this machine", offer.num_devices,
                       offer.ranks_on_host);
  }
  if (offer.num_devices == 0) return offer.why_none;
  return fmt::format("{} GPU(s) are too few for {} ranks of this machine", offer.num_devices,
                     offer.ranks_on_host);
}

}  // namespace moebench::device
