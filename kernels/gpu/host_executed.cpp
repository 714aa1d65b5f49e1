// The launchers of all CUDA kernels, compiled without CUDA: they run on the host executor.
#include "kernels/swiglu/swiglu.cu"
