#include "harness/profile/gpu/lanes.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace moebench::profile_gpu {
namespace {

using nlohmann::json;

constexpr int kThreadLanes = 10, kRangeLanes = 500,
              kStreamLanes = 1000;  // below: what the host has without a GPU

const char* category(ActivityKind kind) {
  switch (kind) {
    case ActivityKind::kKernel:
      return "kernel";
    case ActivityKind::kCopy:
      return "gpu_memcpy";
    case ActivityKind::kMemset:
      return "gpu_memset";
  }
  return "";
}

class LaneWriter {
 public:
  LaneWriter(const GpuTrace& trace, int rank, std::int64_t offset_ns)
      : trace_(trace), rank_(rank), offset_ns_(offset_ns) {}

  GpuLanes lanes() {
    for (const Launch& launch : trace_.launches) add_launch(launch);
    for (const NvtxRange& range : trace_.ranges) add_range(range);
    std::vector<const Activity*> activities;
    for (const Activity& activity : trace_.activities) activities.push_back(&activity);
    std::ranges::stable_sort(activities, {}, [](const Activity* a) { return a->begin_ns; });
    for (const Activity* activity : activities) add_activity(*activity);
    return {std::move(events_), num_arrows_left_out_};
  }

 private:
  json event(const char* ph, int lane, std::int64_t ns) const {
    return {{"ph", ph},
            {"pid", rank_},
            {"tid", lane},
            {"ts", static_cast<double>(ns + offset_ns_) / 1e3}};
  }

  void add_slice(int lane, const std::string& name, const char* kind, std::int64_t begin_ns,
                 std::int64_t end_ns, json args) {
    json slice = event("X", lane, begin_ns);
    slice["name"] = name;
    slice["cat"] = kind;
    slice["dur"] = static_cast<double>(end_ns - begin_ns) / 1e3;
    slice["args"] = std::move(args);
    events_.push_back(std::move(slice));
  }

  // One launch may start many activities (a CUDA graph): an arrow for each.
  void add_arrow(const Launch& launch, int launch_lane, const Activity& activity, int lane) {
    if (activity.begin_ns <= launch.begin_ns) {
      ++num_arrows_left_out_;
      return;
    }
    // A number of its own over all ranks, below 2^53; bit 52 tells it from those of collectives.
    const std::int64_t id = std::int64_t{1} << 52 | std::int64_t{rank_} << 32 | num_arrows_++;
    const std::pair<json, const char*> ends[] = {
        {event("s", launch_lane, launch.begin_ns), nullptr},
        {event("f", lane, activity.begin_ns), "e"}};
    for (auto [end, binding] : ends) {
      end["cat"] = "ac2g";  // what analysis tools call an arrow from the host to a device
      end["name"] = "ac2g";
      end["id"] = id;
      if (binding != nullptr) end["bp"] = binding;
      events_.push_back(std::move(end));
    }
  }

  void add_launch(const Launch& launch) {
    const auto [found, is_new] =
        thread_lanes_.try_emplace(launch.thread, kThreadLanes + std::ssize(thread_lanes_));
    if (is_new) name_lane(found->second, fmt::format("CUDA calls of thread {}", launch.thread));
    add_slice(found->second, launch.call, "cuda_runtime", launch.begin_ns, launch.end_ns,
              {{"correlation", launch.correlation}});
    const Launch*& known = launches_[launch.correlation];
    if (known == nullptr || launch.begin_ns < known->begin_ns) known = &launch;
  }

  void add_range(const NvtxRange& range) {
    const auto [found, is_new] =
        range_lanes_.try_emplace(range.thread, kRangeLanes + std::ssize(range_lanes_));
    if (is_new) name_lane(found->second, fmt::format("NVTX ranges of thread {}", range.thread));
    add_slice(found->second, range.name, "user_annotation", range.begin_ns, range.end_ns,
              {{"domain", range.domain}});
  }

  void add_activity(const Activity& activity) {
    const int lane = lane_of(activity);
    json args = {{"device", activity.device},
                 {"stream", activity.stream},
                 {"correlation", activity.correlation}};
    if (activity.kind != ActivityKind::kKernel) {
      args["bytes"] = activity.bytes;
      if (activity.duration_ns() > 0) {
        args["GB/s"] =
            static_cast<double>(activity.bytes) / static_cast<double>(activity.duration_ns());
      }
    }
    add_slice(lane, activity.name, category(activity.kind), activity.begin_ns, activity.end_ns,
              std::move(args));
    const auto launch = launches_.find(activity.correlation);
    if (launch == launches_.end()) return;
    add_arrow(*launch->second, thread_lanes_.at(launch->second->thread), activity, lane);
  }

  // The stream's first lane that is free by then.
  int lane_of(const Activity& activity) {
    auto& lanes = stream_lanes_[{activity.device, activity.stream}];
    auto free = std::ranges::find_if(
        lanes, [&](const Lane& lane) { return lane.busy_until_ns <= activity.begin_ns; });
    if (free == lanes.end()) {
      std::string name = fmt::format("GPU {} stream {}", activity.device, activity.stream);
      if (!lanes.empty()) name += fmt::format(" ({})", lanes.size() + 1);
      free = lanes.insert(lanes.end(), {kStreamLanes + num_stream_lanes_++, 0});
      name_lane(free->number, name);
    }
    free->busy_until_ns = activity.end_ns;
    return free->number;
  }

  void name_lane(int lane, const std::string& name) {
    events_.push_back({{"ph", "M"},
                       {"name", "thread_name"},
                       {"pid", rank_},
                       {"tid", lane},
                       {"args", {{"name", name}}}});
  }

  struct Lane {
    int number;
    std::int64_t busy_until_ns;
  };

  const GpuTrace& trace_;
  int rank_;
  std::int64_t offset_ns_;
  std::unordered_map<std::uint32_t, int> thread_lanes_, range_lanes_;
  std::unordered_map<std::uint32_t, const Launch*> launches_;  // by correlation id
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Lane>> stream_lanes_;
  int num_stream_lanes_ = 0;
  std::int64_t num_arrows_ = 0, num_arrows_left_out_ = 0;
  json events_ = json::array();
};

}  // namespace

GpuLanes gpu_lanes(const GpuTrace& trace, int rank, std::int64_t offset_ns) {
  return LaneWriter(trace, rank, offset_ns).lanes();
}

}  // namespace moebench::profile_gpu
