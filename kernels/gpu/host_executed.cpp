// The launchers of all CUDA kernels, compiled without CUDA: they run on the host executor.
#include "kernels/adamw/adamw.cu"
#include "kernels/expert_histogram/expert_histogram.cu"
#include "kernels/permute_rows/permute_rows.cu"
#include "kernels/rms_norm/rms_norm.cu"
#include "kernels/router/router.cu"
#include "kernels/sum_parts/sum_parts.cu"
#include "kernels/swiglu/swiglu.cu"
#include "kernels/transpose_concat/transpose_concat.cu"
