#include "harness/parallel/groups.h"

#include <algorithm>

#include "harness/base/check.h"

namespace moebench::parallel {

comm::Communicator& Groups::of(const config::RankGroup& group) {
  const auto found = std::ranges::find(made_, group, [](const auto& made) { return made.first; });
  if (found != made_.end()) return *found->second;
  comm::Communicator* communicator = &make_on_host(group);
  MOEBENCH_CHECK(communicator->size() == group.size);
  MOEBENCH_CHECK(communicator->rank() == group.index_of(world_.rank()));
  if (device_ && group.size > 1) {
    on_device_.push_back(communicator->on_device(*device_));
    communicator = on_device_.back().get();
  }
  made_.emplace_back(group, communicator);
  return *communicator;
}

void Groups::throw_if_failed() const {
  for (const auto& group : on_device_) group->throw_if_failed();
}

comm::Communicator& Groups::make_on_host(const config::RankGroup& group) {
  if (group.size == world_.size()) return world_;
  // A group of one exchanges nothing.
  on_host_.push_back(group.size == 1 ? comm::self_communicator()
                                     : world_.split(static_cast<int>(group.first)));
  return *on_host_.back();
}

}  // namespace moebench::parallel
