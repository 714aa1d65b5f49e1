// Buffers as CUPTI lays them out, records back to back; read without a device.
#include "harness/profile/gpu/cupti_records.h"

#include <cupti.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "harness/base/error.h"
#include "harness/profile/gpu/cupti_error.h"

namespace moebench::profile_gpu {
namespace {

using ::testing::HasSubstr;

class Buffer {
 public:
  template <typename Record>
  Record& add() {
    auto* record = new (bytes_ + size_) Record();
    size_ += sizeof(Record);
    return *record;
  }

  GpuTrace decode(std::size_t cut = 0) {
    CuptiDecoder decoder;
    decoder.add(bytes_, size_ - cut);
    return decoder.take();
  }

  std::uint8_t* data() { return bytes_; }
  std::size_t size() const { return size_; }

 private:
  alignas(ACTIVITY_RECORD_ALIGNMENT) std::uint8_t bytes_[8192] = {};
  std::size_t size_ = 0;
};

void add_kernel(Buffer& buffer, const char* name, std::uint64_t begin, std::uint64_t end,
                std::uint32_t correlation) {
  auto& r = buffer.add<CUpti_ActivityKernel10>();
  r.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  r.name = name;
  r.start = begin;
  r.end = end;
  r.deviceId = 3;
  r.streamId = 7;
  r.correlationId = correlation;
}

void add_call(Buffer& buffer, CUpti_ActivityKind kind, std::uint32_t call, std::uint64_t begin,
              std::uint32_t correlation) {
  auto& r = buffer.add<CUpti_ActivityAPI>();
  r.kind = kind;
  r.cbid = call;
  r.start = begin;
  r.end = begin + 5;
  r.threadId = 42;
  r.correlationId = correlation;
}

template <typename Record>
Record& add_copy(Buffer& buffer, CUpti_ActivityKind kind, std::uint64_t bytes) {
  auto& r = buffer.add<Record>();
  r.kind = kind;
  r.bytes = bytes;
  r.start = 1100;
  r.end = 1200;
  r.deviceId = 1;
  r.streamId = 9;
  r.correlationId = 5;
  return r;
}

TEST(CuptiRecords, KernelsAndTheirLaunches) {
  Buffer buffer;
  add_call(buffer, CUPTI_ACTIVITY_KIND_RUNTIME, CUPTI_RUNTIME_TRACE_CBID_cudaLaunchKernel_v7000,
           1010, 77);
  add_call(buffer, CUPTI_ACTIVITY_KIND_DRIVER, CUPTI_DRIVER_TRACE_CBID_cuLaunchKernel, 1020, 78);
  add_call(buffer, CUPTI_ACTIVITY_KIND_RUNTIME, CUPTI_RUNTIME_TRACE_CBID_cudaGetDevice_v3020, 1030,
           79);
  add_kernel(buffer, "_ZN7kernels5scaleIfEEvPT_i", 1100, 1150, 77);
  add_kernel(buffer, "gemm", 1150, 1160, 78);
  const GpuTrace trace = buffer.decode();
  ASSERT_EQ(trace.activities.size(), 2u);
  const Activity& scale = trace.activities[0];
  EXPECT_EQ(scale.kind, ActivityKind::kKernel);
  EXPECT_EQ(scale.name, "kernels::scale<float>");
  EXPECT_EQ(scale.begin_ns, 1100);
  EXPECT_EQ(scale.end_ns, 1150);
  EXPECT_EQ(scale.device, 3u);
  EXPECT_EQ(scale.stream, 7u);
  EXPECT_EQ(scale.correlation, 77u);
  EXPECT_EQ(trace.activities[1].name, "gemm");
  // A call that launched nothing is left out.
  ASSERT_EQ(trace.launches.size(), 2u);
  EXPECT_EQ(trace.launches[0].call, "cudaLaunchKernel");
  EXPECT_EQ(trace.launches[0].begin_ns, 1010);
  EXPECT_EQ(trace.launches[0].end_ns, 1015);
  EXPECT_EQ(trace.launches[0].thread, 42u);
  EXPECT_EQ(trace.launches[0].correlation, 77u);
  EXPECT_EQ(trace.launches[1].call, "cuLaunchKernel");
  EXPECT_EQ(trace.dropped, 0);
  EXPECT_EQ(trace.unknown, 0);
}

TEST(CuptiRecords, CopiesOfEveryDirectionAndMemsets) {
  Buffer buffer;
  const auto copy = [&](int kind) {
    add_copy<CUpti_ActivityMemcpy6>(buffer, CUPTI_ACTIVITY_KIND_MEMCPY, 4096).copyKind =
        static_cast<std::uint8_t>(kind);
  };
  copy(CUPTI_ACTIVITY_MEMCPY_KIND_HTOD);
  copy(CUPTI_ACTIVITY_MEMCPY_KIND_DTOH);
  copy(CUPTI_ACTIVITY_MEMCPY_KIND_DTOD);
  copy(CUPTI_ACTIVITY_MEMCPY_KIND_PTOP);
  copy(200);
  add_copy<CUpti_ActivityMemcpyPtoP4>(buffer, CUPTI_ACTIVITY_KIND_MEMCPY2, 10);
  add_copy<CUpti_ActivityMemset4>(buffer, CUPTI_ACTIVITY_KIND_MEMSET, 64);
  const GpuTrace trace = buffer.decode();
  std::vector<std::string> names;
  for (const Activity& activity : trace.activities) names.push_back(activity.name);
  EXPECT_EQ(names, (std::vector<std::string>{"host_to_device", "device_to_host", "device_to_device",
                                             "peer_to_peer", "copy", "peer_to_peer", "memset"}));
  const Activity& first = trace.activities[0];
  EXPECT_EQ(first.kind, ActivityKind::kCopy);
  EXPECT_EQ(first.bytes, 4096);
  EXPECT_EQ(first.duration_ns(), 100);
  EXPECT_EQ(first.stream, 9u);
  EXPECT_EQ(first.correlation, 5u);
  EXPECT_EQ(trace.activities[5].bytes, 10);
  EXPECT_EQ(trace.activities[6].kind, ActivityKind::kMemset);
  EXPECT_EQ(trace.activities[6].bytes, 64);
}

TEST(CuptiRecords, DeviceMemoryThatIsTakenAndGivenBack) {
  Buffer buffer;
  const auto memory = [&](CUpti_ActivityMemoryOperationType type, CUpti_ActivityMemoryKind kind) {
    auto& r = buffer.add<CUpti_ActivityMemory4>();
    r.kind = CUPTI_ACTIVITY_KIND_MEMORY2;
    r.memoryOperationType = type;
    r.memoryKind = kind;
    r.bytes = 512;
    r.timestamp = 1300;
  };
  memory(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION, CUPTI_ACTIVITY_MEMORY_KIND_DEVICE);
  memory(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_RELEASE, CUPTI_ACTIVITY_MEMORY_KIND_DEVICE);
  memory(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION, CUPTI_ACTIVITY_MEMORY_KIND_PINNED);
  const GpuTrace trace = buffer.decode();
  ASSERT_EQ(trace.memory.size(), 2u);
  EXPECT_TRUE(trace.memory[0].allocates);
  EXPECT_EQ(trace.memory[0].bytes, 512);
  EXPECT_EQ(trace.memory[0].time_ns, 1300);
  EXPECT_FALSE(trace.memory[1].allocates);
}

TEST(CuptiRecords, RangesAreTwoMarkers) {
  Buffer buffer;
  const auto marker = [&](CUpti_ActivityFlag flag, std::uint32_t id, const char* name,
                          std::uint64_t time) {
    auto& r = buffer.add<CUpti_ActivityMarker2>();
    r.kind = CUPTI_ACTIVITY_KIND_MARKER;
    r.flags = flag;
    r.id = id;
    r.name = name;
    r.domain = id == 1 ? "moebench" : nullptr;
    r.timestamp = time;
    r.objectKind = CUPTI_ACTIVITY_OBJECT_THREAD;
    r.objectId.pt.threadId = 42;
  };
  marker(CUPTI_ACTIVITY_FLAG_MARKER_END, 9, nullptr, 1000);  // of a range from before
  marker(CUPTI_ACTIVITY_FLAG_MARKER_START, 1, "experts", 1010);
  marker(CUPTI_ACTIVITY_FLAG_MARKER_START, 2, "inner", 1020);
  marker(CUPTI_ACTIVITY_FLAG_MARKER_INSTANTANEOUS, 3, "a moment", 1025);
  marker(CUPTI_ACTIVITY_FLAG_MARKER_END, 2, nullptr, 1030);
  marker(CUPTI_ACTIVITY_FLAG_MARKER_END, 1, nullptr, 1040);
  marker(CUPTI_ACTIVITY_FLAG_MARKER_START, 4, "does not end", 1050);
  const GpuTrace trace = buffer.decode();
  ASSERT_EQ(trace.ranges.size(), 2u);
  EXPECT_EQ(trace.ranges[0].name, "inner");
  EXPECT_EQ(trace.ranges[0].domain, "");
  const NvtxRange& experts = trace.ranges[1];
  EXPECT_EQ(experts.name, "experts");
  EXPECT_EQ(experts.domain, "moebench");
  EXPECT_EQ(experts.begin_ns, 1010);
  EXPECT_EQ(experts.end_ns, 1040);
  EXPECT_EQ(experts.thread, 42u);
  EXPECT_EQ(trace.unknown, 0);
}

TEST(CuptiRecords, OtherKindsAreCountedAndPassedOver) {
  Buffer buffer;
  buffer.add<CUpti_ActivityDevice5>().kind = CUPTI_ACTIVITY_KIND_DEVICE;
  buffer.add<CUpti_ActivityOverhead3>().kind = CUPTI_ACTIVITY_KIND_OVERHEAD;
  add_kernel(buffer, "gemm", 1100, 1150, 1);
  const GpuTrace trace = buffer.decode();
  EXPECT_EQ(trace.unknown, 2);
  EXPECT_EQ(trace.activities.size(), 1u);
}

TEST(CuptiRecords, LostOnesAreCounted) {
  Buffer buffer;
  add_kernel(buffer, "without a begin", 0, 1150, 1);
  add_kernel(buffer, "without an end", 1100, 0, 2);
  add_kernel(buffer, "gemm", 1100, 1150, 3);
  EXPECT_EQ(buffer.decode().dropped, 2);
  // An invalid kind hides what follows.
  buffer.add<CUpti_ActivityAPI>().kind = CUPTI_ACTIVITY_KIND_INVALID;
  add_kernel(buffer, "hidden", 1100, 1150, 4);
  const GpuTrace trace = buffer.decode();
  EXPECT_EQ(trace.dropped, 3);
  EXPECT_EQ(trace.activities.size(), 1u);
}

TEST(CuptiRecords, ARecordThatIsCutShortIsNotRead) {
  Buffer buffer;
  add_kernel(buffer, "gemm", 1100, 1150, 1);
  add_kernel(buffer, "cut", 1100, 1150, 2);
  const GpuTrace trace = buffer.decode(8);
  ASSERT_EQ(trace.activities.size(), 1u);
  EXPECT_EQ(trace.activities[0].name, "gemm");
}

TEST(CuptiRecords, OfSeveralBuffersAreOneTrace) {
  Buffer calls, kernels, empty;
  add_call(calls, CUPTI_ACTIVITY_KIND_DRIVER, CUPTI_DRIVER_TRACE_CBID_cuLaunchKernel, 1020, 8);
  add_kernel(kernels, "gemm", 1100, 1150, 8);
  CuptiDecoder decoder;
  for (Buffer* buffer : {&kernels, &empty, &calls}) decoder.add(buffer->data(), buffer->size());
  const GpuTrace trace = decoder.take();
  EXPECT_EQ(trace.activities.size(), 1u);
  EXPECT_EQ(trace.launches.size(), 1u);
  EXPECT_EQ(trace.dropped, 0);
}

TEST(CuptiError, SaysTheRemedy) {
  const auto message = [](CUptiResult result) {
    try {
      check_cupti(result, "tracing the GPU");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message(CUPTI_SUCCESS), "");
  EXPECT_THAT(message(CUPTI_ERROR_INSUFFICIENT_PRIVILEGES),
              HasSubstr("NVreg_RestrictProfilingToAdminUsers=0"));
  EXPECT_THAT(message(CUPTI_ERROR_INSUFFICIENT_PRIVILEGES),
              HasSubstr("tracing the GPU: CUPTI error CUPTI_ERROR_INSUFFICIENT_PRIVILEGES (35)"));
  EXPECT_THAT(message(CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED), HasSubstr("profiler"));
}

}  // namespace
}  // namespace moebench::profile_gpu
