#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "kernels/bench_util.h"
#include "kernels/gpu/device_array.h"
#include "kernels/gpu/tile.h"

namespace moebench::kernels {

// The sizes of Mixtral-8x7B with 8192 tokens: smaller ones leave most of a GPU idle.
constexpr std::int64_t kGpuTokens = 8192;
constexpr std::int64_t kGpuHidden = 4096;
constexpr std::int64_t kGpuIntermediate = 14336;

// A million random values over and over: equal values would draw less power and clock higher.
template <typename T>
class RandomArray : public DeviceArray<T> {
 public:
  explicit RandomArray(std::int64_t count) : DeviceArray<T>(count) {
    const auto values = random_values<T>(std::min(count, kPeriod));
    for (std::int64_t begin = 0; begin < count; begin += kPeriod) {
      const auto bytes = static_cast<std::size_t>(std::min(kPeriod, count - begin)) * sizeof(T);
      check_cuda(cudaMemcpy(this->data() + begin, values.data(), bytes, cudaMemcpyHostToDevice),
                 "copy to the device");
    }
  }

 private:
  static constexpr std::int64_t kPeriod = 1 << 20;
};

// A stream, two events, and memory twice as large as the L2 cache.
class GpuTimer {
 public:
  GpuTimer() : flush_(2 * l2_bytes()) {
    check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
    for (cudaEvent_t* event : {&begin_, &end_}) {
      check_cuda(cudaEventCreate(event), "cudaEventCreate");
    }
    // This stream does not wait for the default one, which fills the arrays.
    check_cuda(cudaDeviceSynchronize(), "filling device memory");
  }
  ~GpuTimer() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
    cudaStreamDestroy(stream_);
  }
  GpuTimer(const GpuTimer&) = delete;
  GpuTimer& operator=(const GpuTimer&) = delete;

  // Times what launch(stream) puts into the stream, with a cold L2 cache.
  template <typename Launch>
  double seconds(Launch launch) {
    const auto bytes = static_cast<std::size_t>(flush_.size());
    // The host has put the launch into the stream before this is done: no gap gets timed.
    check_cuda(cudaMemsetAsync(flush_.data(), 0, bytes, stream_), "cudaMemsetAsync");
    check_cuda(cudaEventRecord(begin_, stream_), "cudaEventRecord");
    launch(stream_);
    check_cuda(cudaEventRecord(end_, stream_), "cudaEventRecord");
    check_cuda(cudaEventSynchronize(end_), "a benchmarked kernel");
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime");
    return static_cast<double>(milliseconds) * 1e-3;
  }

 private:
  static std::int64_t l2_bytes() {
    int device = 0, bytes = 0;
    check_cuda(cudaGetDevice(&device), "cudaGetDevice");
    check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device), "size of the L2");
    return bytes;
  }

  DeviceArray<char> flush_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

// True where there is no device; the benchmark then says why and is left out.
inline bool skipped_without_device(benchmark::State& state) {
  const std::string reason = why_no_device();
  if (!reason.empty()) state.SkipWithError(reason.c_str());
  return !reason.empty();
}

// `bytes`: that launch(stream) must read and write at least.
template <typename Launch>
void time_on_device(benchmark::State& state, std::int64_t bytes, Launch launch) {
  GpuTimer timer;
  timer.seconds(launch);  // the first launch loads the kernel
  for (auto _ : state) state.SetIterationTime(timer.seconds(launch));
  state.SetBytesProcessed(state.iterations() * bytes);
}

}  // namespace moebench::kernels

#define MOEBENCH_GPU_BENCHMARK(function)                                      \
  BENCHMARK(function<float>)->UseManualTime()->Unit(benchmark::kMicrosecond); \
  BENCHMARK(function<::moebench::Bfloat16>)->UseManualTime()->Unit(benchmark::kMicrosecond)
