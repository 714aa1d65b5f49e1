#include "kernels/embedding/embedding_cuda.h"
#include "kernels/embedding/embedding_tile.h"
#include "kernels/gpu/launch_tile.h"

namespace moebench::kernels::cuda {
namespace {

// Where a token has many rows (bytes of text), how many of them a thread has under way counts for
// more than how much it loads at a time: nvcc keeps the registers of about two wide loads.
constexpr std::int64_t kManyRows = 16;  // of each token, on average
template <typename T>
constexpr int kNarrowWidth = 4 / static_cast<int>(sizeof(T));

}  // namespace

std::int64_t embedding_backward_workspace(std::int64_t rows, std::int64_t vocab) {
  return EmbeddingPlan::workspace(rows, vocab);
}

template <typename T>
void embedding_backward(const std::int64_t* tokens, const T* dx, std::int64_t rows,
                        std::int64_t vocab, std::int64_t hidden, T* dtable, bool accumulate,
                        std::int32_t* workspace, CudaStream stream) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  MOEBENCH_CHECK(rows <= kMost && vocab < kMost);
  const EmbeddingPlan plan(rows, vocab, workspace);
  launch("embedding_backward: chunks", SortChunkTile{tokens, plan}, stream);
  launch("embedding_backward: merge", MergeChunksTile{plan}, stream);
  launch("embedding_backward: first rows", FirstRowsTile(plan), stream);
  const auto with = [&](auto width) {
    launch("embedding_backward",
           EmbeddingSumTile<T, decltype(width)::value>(dx, dtable, plan, hidden, accumulate),
           stream);
  };
  if (rows > kManyRows * vocab && hidden % kNarrowWidth<T> == 0 && is_aligned(dx) &&
      is_aligned(dtable)) {
    with(std::integral_constant<int, kNarrowWidth<T>>());
  } else {
    with_width(hidden, with, dx, dtable);
  }
}

template void embedding_backward(const std::int64_t*, const float*, std::int64_t, std::int64_t,
                                 std::int64_t, float*, bool, std::int32_t*, CudaStream);
template void embedding_backward(const std::int64_t*, const Bfloat16*, std::int64_t, std::int64_t,
                                 std::int64_t, Bfloat16*, bool, std::int32_t*, CudaStream);

}  // namespace moebench::kernels::cuda
