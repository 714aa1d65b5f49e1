#include "harness/profile/gpu/lanes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/profile/gpu/trace_rules_testing.h"

namespace moebench::profile_gpu {
namespace {

using nlohmann::json;

Activity kernel_on(const char* name, std::int64_t begin, std::int64_t end, std::uint32_t stream,
                   std::uint32_t correlation) {
  return {ActivityKind::kKernel, name, begin, end, 0, stream, correlation, 0};
}

GpuTrace small_trace() {
  GpuTrace trace;
  trace.launches = {{"cudaLaunchKernel", 1000, 2000, 42, 1},
                    {"cuLaunchKernel", 1200, 1800, 42, 1},
                    {"cudaGraphLaunch", 2000, 3000, 43, 2}};
  trace.activities = {kernel_on("gemm", 5000, 6000, 7, 1),
                      kernel_on("first of graph", 6000, 7000, 7, 2),
                      kernel_on("second of graph", 6500, 7500, 8, 2),
                      kernel_on("launched by nobody", 9000, 9500, 8, 9),
                      {ActivityKind::kCopy, "host_to_device", 9600, 9800, 0, 8, 9, 400}};
  return trace;
}

std::vector<json> of_kind(const json& events, const std::string& ph) {
  std::vector<json> found;
  for (const json& event : events) {
    if (event.at("ph") == ph) found.push_back(event);
  }
  return found;
}

std::map<std::string, int> lanes_by_name(const json& events) {
  std::map<std::string, int> lanes;
  for (const json& event : of_kind(events, "M")) {
    lanes[event.at("args").at("name")] = event.at("tid");
  }
  return lanes;
}

TEST(GpuLanes, OfNothingAreNone) { EXPECT_TRUE(gpu_lanes({}, 0, 0).events.empty()); }

TEST(GpuLanes, AreThoseOfStreamsAndOfLaunchingThreads) {
  const json events = gpu_lanes(small_trace(), 3, 1'000'000).events;
  const auto lanes = lanes_by_name(events);
  EXPECT_EQ(lanes.size(), 4u);
  const auto slices = of_kind(events, "X");
  EXPECT_EQ(slices.size(), 8u);
  for (const json& slice : slices) {
    EXPECT_EQ(slice.at("pid"), 3);
    if (slice.at("name") == "gemm") {
      EXPECT_EQ(slice.at("tid"), lanes.at("GPU 0 stream 7"));
      EXPECT_EQ(slice.at("ts"), 1005.0);
      EXPECT_EQ(slice.at("dur"), 1.0);
      EXPECT_EQ(slice.at("cat"), "kernel");
    } else if (slice.at("name") == "cudaGraphLaunch") {
      EXPECT_EQ(slice.at("tid"), lanes.at("CUDA calls of thread 43"));
    } else if (slice.at("name") == "host_to_device") {
      EXPECT_EQ(slice.at("args").at("bytes"), 400);
      EXPECT_EQ(slice.at("args").at("GB/s"), 2.0);
    }
  }
}

TEST(GpuLanes, RangesHaveALaneAThread) {
  GpuTrace trace;
  trace.ranges = {{"experts", "moebench", 10, 20, 42},
                  {"ncclGroupEnd", "NCCL", 12, 15, 42},
                  {"experts_backward", "moebench", 10, 20, 43}};
  const json events = gpu_lanes(trace, 0, 0).events;
  const auto lanes = lanes_by_name(events);
  EXPECT_EQ(lanes.size(), 2u);
  const auto slices = of_kind(events, "X");
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(slices[1].at("tid"), lanes.at("NVTX ranges of thread 42"));
  EXPECT_EQ(slices[1].at("args").at("domain"), "NCCL");
  EXPECT_EQ(slices[2].at("tid"), lanes.at("NVTX ranges of thread 43"));
}

TEST(GpuLanes, ArrowsLeadFromTheOuterCallToEachActivity) {
  const json events = gpu_lanes(small_trace(), 0, 0).events;
  EXPECT_EQ(test::broken_trace_rules(events), std::vector<std::string>());
  const auto begins = of_kind(events, "s"), ends = of_kind(events, "f");
  ASSERT_EQ(begins.size(), 3u);  // none to what nobody launched
  ASSERT_EQ(ends.size(), 3u);
  std::map<std::int64_t, double> from;
  for (const json& begin : begins) from[begin.at("id")] = begin.at("ts");
  EXPECT_EQ(from.size(), 3u);
  std::map<double, double> arrows;
  for (const json& end : ends) arrows[end.at("ts")] = from.at(end.at("id"));
  EXPECT_EQ(arrows, (std::map<double, double>{{5.0, 1.0}, {6.0, 2.0}, {6.5, 2.0}}));
}

TEST(GpuLanes, AnArrowThatWouldEndBeforeItBeginsIsCounted) {
  GpuTrace trace = small_trace();
  trace.activities[0].begin_ns = 900;
  const GpuLanes lanes = gpu_lanes(trace, 0, 0);
  EXPECT_EQ(lanes.num_arrows_left_out, 1);
  EXPECT_EQ(of_kind(lanes.events, "s").size(), 2u);
  EXPECT_EQ(of_kind(lanes.events, "f").size(), 2u);
  EXPECT_EQ(test::broken_trace_rules(lanes.events), std::vector<std::string>());
}

TEST(GpuLanes, ArrowsOfAllRanksHaveNumbersOfTheirOwn) {
  std::set<std::int64_t> ids;
  for (const int rank : {0, 1, 511}) {
    for (const json& begin : of_kind(gpu_lanes(small_trace(), rank, 0).events, "s")) {
      ids.insert(begin.at("id").get<std::int64_t>());
    }
  }
  EXPECT_EQ(ids.size(), 9u);
  EXPECT_LT(*ids.rbegin(), std::int64_t{1} << 53);
}

TEST(GpuLanes, WhatOverlapsWithinAStreamLiesOnAnotherLane) {
  GpuTrace trace;
  trace.activities = {kernel_on("c", 30, 40, 7, 3), kernel_on("a", 0, 20, 7, 1),
                      kernel_on("b", 10, 30, 7, 2)};
  const json events = gpu_lanes(trace, 0, 0).events;
  const auto lanes = lanes_by_name(events);
  std::map<std::string, int> of_slice;
  for (const json& slice : of_kind(events, "X")) of_slice[slice.at("name")] = slice.at("tid");
  EXPECT_EQ(of_slice.at("a"), lanes.at("GPU 0 stream 7"));
  EXPECT_EQ(of_slice.at("b"), lanes.at("GPU 0 stream 7 (2)"));
  EXPECT_EQ(of_slice.at("c"), lanes.at("GPU 0 stream 7"));
}

json slice(std::int64_t lane, double begin, double length) {
  return {{"ph", "X"}, {"pid", 0}, {"tid", lane}, {"ts", begin}, {"dur", length}};
}

json arrow(const char* ph, std::int64_t lane, double at, json id) {
  return {{"ph", ph},   {"pid", 0},    {"tid", lane}, {"ts", at}, {"id", std::move(id)},
          {"cat", "c"}, {"name", "n"}, {"bp", "e"}};
}

// This is what the checker is for; else a test that finds nothing would say nothing.
TEST(TraceRules, FindWhatPerfettoDoesNotTake) {
  const json good = {slice(1, 0, 10), slice(1, 2, 3), arrow("s", 1, 2, 7), slice(2, 0, 9),
                     arrow("f", 2, 8, 7)};
  EXPECT_EQ(test::broken_trace_rules(good), std::vector<std::string>());
  const auto broken = [&](std::size_t place, const json& event) {
    json events = good;
    events[place] = event;
    const auto found = test::broken_trace_rules(events);
    return found.empty() ? "" : found.front().substr(0, found.front().find(':'));
  };
  EXPECT_EQ(broken(1, slice(1, 2, 9)), "slices overlap in part");
  EXPECT_EQ(broken(2, arrow("s", 1, 2, "0.0.30")), "the id of an arrow is no number");
  EXPECT_EQ(broken(2, arrow("s", 1, 2, 8)), "an arrow ends before it begins");
  EXPECT_EQ(broken(2, arrow("s", 1, 9, 7)), "an arrow ends before it begins");
  EXPECT_EQ(broken(2, arrow("s", 1, 11, 7)), "an arrow ends before it begins");
  EXPECT_EQ(broken(4, arrow("f", 2, 9.5, 7)), "an arrow's end lies in no slice");
  EXPECT_EQ(broken(4, arrow("s", 2, 8, 7)), "two arrows of one id");
  EXPECT_EQ(broken(4, slice(2, 9, 1)), "an arrow without an end");
}

}  // namespace
}  // namespace moebench::profile_gpu
