#include "kernels/gpu/launch_tile.h"
#include "kernels/sum_parts/sum_parts_cuda.h"
#include "kernels/sum_parts/sum_parts_tile.h"

namespace moebench::kernels::cuda {

template <typename T>
void sum_parts(const T* parts, std::int64_t stride, std::int64_t num_parts, std::int64_t count,
               bool accumulate, T* out, CudaStream stream) {
  const auto with = [&](auto width) {
    SumPartsTile<T, decltype(width)::value> tile(parts, stride, num_parts, out);
    tile.count = count;
    tile.accumulate = accumulate;
    launch("sum_parts", tile, stream);
  };
  // The tile sees to a ragged end itself: only where the parts begin counts.
  with_width(num_parts > 1 ? stride : 0, with, parts, out);
}

template void sum_parts(const float*, std::int64_t, std::int64_t, std::int64_t, bool, float*,
                        CudaStream);
template void sum_parts(const Bfloat16*, std::int64_t, std::int64_t, std::int64_t, bool, Bfloat16*,
                        CudaStream);

}  // namespace moebench::kernels::cuda
