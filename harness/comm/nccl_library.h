#pragma once

#include <string>

#include "harness/comm/nccl_api.h"

namespace moebench::comm {

// NCCL's functions, looked up when they are first needed: a program that has them linked would not
// start where NCCL is not installed.
struct NcclLibrary {
  nccl::GetVersion* get_version;
  nccl::GetUniqueId* get_unique_id;
  nccl::CommInitRank* comm_init_rank;
  nccl::CommDestroy* comm_destroy;
  nccl::CommAbort* comm_abort;
  nccl::CommGetAsyncError* comm_get_async_error;
  nccl::GetErrorString* get_error_string;
  nccl::GetLastError* get_last_error;
  nccl::AllGather* all_gather;
  nccl::ReduceScatter* reduce_scatter;
  nccl::Send* send;
  nccl::Recv* receive;
  nccl::GroupStart* group_start;
  nccl::GroupEnd* group_end;

  std::string version() const;  // "NCCL 2.28.9"
};

// Loads the shared object `path` and sets NCCL_LAUNCH_ORDER_IMPLICIT where it is unset: collectives
// of several groups are under way on one GPU at a time, and only in one order on all GPUs can they
// not wait for each other. Error, with the remedy, where it is not installed or too old for that.
NcclLibrary load_nccl(const std::string& path);

// The installed one, loaded once.
const NcclLibrary& nccl_library();

// Makes nccl_library() the one that ranks which share a GPU need, `path`: a release from 2.30 on,
// told by its variables (NCCL_MULTI_RANK_GPU_ENABLE; those that are set already stay) that they
// share, and to take few multiprocessors for each of them, since their kernels wait for one
// another. To be called before libtorch's CUDA library is loaded, which then takes the same. Error,
// with the remedy, where it is not installed or too old.
void use_shared_nccl(const std::string& path = "libnccl-shared.so.2");

}  // namespace moebench::comm
