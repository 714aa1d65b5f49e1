#pragma once

#include <cstddef>

#include "kernels/gpu/tile.h"

// The part of NCCL's interface that is used here, as nccl.h declares it, so that builds without
// CUDA can test what calls it. Builds with CUDA compare the two (cuda_device_communicator.cpp).
namespace moebench::comm::nccl {

using Comm = struct ncclComm*;

struct UniqueId {
  char internal[128];
};

using Result = int;
constexpr Result kSuccess = 0, kSystemError = 2, kInternalError = 3, kRemoteError = 6;

using DataType = int;
constexpr DataType kInt8 = 0, kFloat32 = 7, kBfloat16 = 9;

using Operation = int;
constexpr Operation kSum = 0;

using Stream = kernels::CudaStream;
using GetVersion = Result(int* version);
using GetUniqueId = Result(UniqueId* id);
using CommInitRank = Result(Comm* comm, int num_ranks, UniqueId id, int rank);
using CommDestroy = Result(Comm comm);
using CommAbort = Result(Comm comm);
using CommGetAsyncError = Result(Comm comm, Result* error);
using GetErrorString = const char*(Result result);
using GetLastError = const char*(Comm comm);
using AllGather = Result(const void* send, void* receive, std::size_t count, DataType type,
                         Comm comm, Stream stream);
using ReduceScatter = Result(const void* send, void* receive, std::size_t count, DataType type,
                             Operation operation, Comm comm, Stream stream);
using Send = Result(const void* send, std::size_t count, DataType type, int peer, Comm comm,
                    Stream stream);
using Recv = Result(void* receive, std::size_t count, DataType type, int peer, Comm comm,
                    Stream stream);
using GroupStart = Result();
using GroupEnd = Result();

}  // namespace moebench::comm::nccl
