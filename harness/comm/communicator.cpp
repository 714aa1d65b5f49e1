#include "harness/comm/communicator.h"

#include <cstring>

#include "harness/base/check.h"
#include "harness/comm/device_communicator.h"

namespace moebench::comm {
namespace {

class AllReduce : public Pending {
 public:
  AllReduce(Communicator& group, const void* send, void* receive, std::int64_t count,
            ElementType type, bool accumulate)
      : group_(group),
        receive_(receive),
        part_bytes_(count / group.size() * element_bytes(type)),
        part_(std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(part_bytes_))) {
    MOEBENCH_CHECK(count % group.size() == 0);
    const auto* own = static_cast<const std::byte*>(receive) + group.rank() * part_bytes_;
    if (accumulate) std::memcpy(part_.get(), own, static_cast<std::size_t>(part_bytes_));
    reduction_ =
        group.start_reduce_scatter(send, part_.get(), count / group.size(), type, accumulate);
  }
  void wait() override {
    reduction_->wait();
    group_.all_gather(part_.get(), receive_, part_bytes_);
  }

 private:
  Communicator& group_;
  void* receive_;
  std::int64_t part_bytes_;
  std::unique_ptr<std::byte[]> part_;  // the sum of this rank's part
  std::unique_ptr<Pending> reduction_;
};

}  // namespace

std::unique_ptr<Communicator> Communicator::on_device(const DeviceOptions& options) {
  return device_communicator(*this, options);
}

std::unique_ptr<Pending> Communicator::start_all_reduce(const void* send, void* receive,
                                                        std::int64_t count, ElementType type,
                                                        bool accumulate) {
  return std::make_unique<AllReduce>(*this, send, receive, count, type, accumulate);
}

}  // namespace moebench::comm
