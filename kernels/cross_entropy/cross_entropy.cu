#include "kernels/cross_entropy/cross_entropy_cuda.h"
#include "kernels/cross_entropy/cross_entropy_tile.h"
#include "kernels/gpu/launch_tile.h"
#include "kernels/gpu/sum_doubles_tile.h"

namespace moebench::kernels::cuda {

std::int64_t cross_entropy_workspace(std::int64_t rows) { return rows; }

template <typename T>
void cross_entropy_in_place(T* logits, const std::int64_t* labels, std::int64_t rows,
                            std::int64_t vocab, float scale, double* sum, double* workspace,
                            CudaStream stream) {
  const auto with = [&](auto width) {
    launch(
        "cross_entropy",
        CrossEntropyTile<T, decltype(width)::value>{logits, labels, workspace, rows, vocab, scale},
        stream);
  };
  with_width(vocab, with, logits);
  launch("cross_entropy: rows", SumDoublesTile{workspace, rows, sum}, stream);
}

template void cross_entropy_in_place(float*, const std::int64_t*, std::int64_t, std::int64_t, float,
                                     double*, double*, CudaStream);
template void cross_entropy_in_place(Bfloat16*, const std::int64_t*, std::int64_t, std::int64_t,
                                     float, double*, double*, CudaStream);

}  // namespace moebench::kernels::cuda
