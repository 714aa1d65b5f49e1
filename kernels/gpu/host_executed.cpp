// The launchers of all CUDA kernels, compiled without CUDA: they run on the host executor.
#include "kernels/adamw/adamw.cu"
#include "kernels/permute_rows/permute_rows.cu"
#include "kernels/swiglu/swiglu.cu"
