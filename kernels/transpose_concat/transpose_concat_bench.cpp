#include "kernels/transpose_concat/transpose_concat.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "kernels/bench_util.h"

namespace moebench::kernels {
namespace {

// w2 of two experts at the dimensions of mixtral-load and of Mixtral-8x7B: small ones hide what a
// transposition costs.
constexpr std::int64_t kNumMatrices = 2;

// Lies on 2 MiB pages where the system gives them, as the loader's memory does.
template <typename T>
class HugePages {
 public:
  explicit HugePages(std::int64_t count) : bytes_(static_cast<std::size_t>(count) * sizeof(T)) {
    bytes_ = (bytes_ + kPage - 1) / kPage * kPage;
    void* const memory =
        ::mmap(nullptr, bytes_ + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    begin_ = static_cast<char*>(memory);
    aligned_ = begin_ + (kPage - reinterpret_cast<std::uintptr_t>(begin_) % kPage) % kPage;
    ::madvise(aligned_, bytes_, MADV_HUGEPAGE);
    std::memset(aligned_, 1, bytes_);
  }
  ~HugePages() { ::munmap(begin_, bytes_ + kPage); }
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;
  T* data() { return reinterpret_cast<T*>(aligned_); }

 private:
  static constexpr std::size_t kPage = std::size_t{2} << 20;
  std::size_t bytes_;
  char* begin_;
  char* aligned_;
};

template <typename T>
struct Stack {
  explicit Stack(const benchmark::State& state)
      : rows(state.range(0)),
        cols(state.range(1)),
        source(kNumMatrices * rows * cols),
        destination(kNumMatrices * rows * cols) {
    for (std::int64_t m = 0; m < kNumMatrices; ++m)
      matrices.push_back(source.data() + m * rows * cols);
  }
  // Counts the result alone: the rate to read against copies of the same size.
  void set_bytes(benchmark::State& state) {
    benchmark::ClobberMemory();
    state.SetBytesProcessed(state.iterations() * kNumMatrices * rows * cols *
                            static_cast<std::int64_t>(sizeof(T)));
  }
  std::int64_t rows, cols;
  HugePages<T> source, destination;
  std::vector<const T*> matrices;
};

template <typename T, Stores stores>
void run_transpose_concat(benchmark::State& state) {
  Stack<T> stack(state);
  for (auto _ : state) {
    transpose_concat<T>(stack.matrices, stack.rows, stack.cols, stack.destination.data(), stores);
  }
  stack.set_bytes(state);
}
template <typename T>
void transpose_concat_streaming(benchmark::State& state) {
  run_transpose_concat<T, Stores::kStreaming>(state);
}
template <typename T>
void transpose_concat_cached(benchmark::State& state) {
  run_transpose_concat<T, Stores::kCached>(state);
}

// The order in which a library copies a transposed view: contiguous writes, strided reads.
template <typename T>
void transpose_concat_plain_loop(benchmark::State& state) {
  Stack<T> stack(state);
  for (auto _ : state) {
    for (std::int64_t m = 0; m < kNumMatrices; ++m) {
      const T* from = stack.matrices[static_cast<std::size_t>(m)];
      T* to = stack.destination.data() + m * stack.rows * stack.cols;
      for (std::int64_t c = 0; c < stack.cols; ++c) {
        for (std::int64_t r = 0; r < stack.rows; ++r) {
          to[c * stack.rows + r] = from[r * stack.cols + c];
        }
      }
    }
  }
  stack.set_bytes(state);
}

// Times what moving the same bytes costs without transposing them.
template <typename T>
void transpose_concat_memcpy(benchmark::State& state) {
  Stack<T> stack(state);
  const auto bytes = static_cast<std::size_t>(kNumMatrices * stack.rows * stack.cols) * sizeof(T);
  for (auto _ : state) std::memcpy(stack.destination.data(), stack.source.data(), bytes);
  stack.set_bytes(state);
}

#define MOEBENCH_TRANSPOSE_BENCHMARK(function) \
  BENCHMARK(function<float>)                   \
      ->Args({1024, 3584})                     \
      ->Args({4096, 14336})                    \
      ->UseRealTime()                          \
      ->Unit(benchmark::kMicrosecond);         \
  BENCHMARK(function<Bfloat16>)                \
      ->Args({1024, 3584})                     \
      ->Args({4096, 14336})                    \
      ->UseRealTime()                          \
      ->Unit(benchmark::kMicrosecond)

MOEBENCH_TRANSPOSE_BENCHMARK(transpose_concat_streaming);
MOEBENCH_TRANSPOSE_BENCHMARK(transpose_concat_cached);
MOEBENCH_TRANSPOSE_BENCHMARK(transpose_concat_plain_loop);
MOEBENCH_TRANSPOSE_BENCHMARK(transpose_concat_memcpy);

}  // namespace
}  // namespace moebench::kernels
