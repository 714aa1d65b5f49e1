#include "harness/comm/nccl_library.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <cstdlib>

#include "harness/base/error.h"

namespace moebench::comm {
namespace {

// The first that orders the launches of several groups.
constexpr int kOldestVersion = 22600;
// The first that lets ranks share a GPU.
constexpr int kOldestShared = 23000;

std::string library_path = "libnccl.so.2";

template <typename Function>
void look_up(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
  if (function == nullptr) {
    throw Error("NCCL has no {}: {}; install NCCL 2.28 or newer", name, ::dlerror());
  }
}

void look_up_all(void* library, NcclLibrary& all) {
  look_up(library, "ncclGetVersion", all.get_version);
  look_up(library, "ncclGetUniqueId", all.get_unique_id);
  look_up(library, "ncclCommInitRank", all.comm_init_rank);
  look_up(library, "ncclCommDestroy", all.comm_destroy);
  look_up(library, "ncclCommAbort", all.comm_abort);
  look_up(library, "ncclCommGetAsyncError", all.comm_get_async_error);
  look_up(library, "ncclGetErrorString", all.get_error_string);
  look_up(library, "ncclGetLastError", all.get_last_error);
  look_up(library, "ncclAllGather", all.all_gather);
  look_up(library, "ncclReduceScatter", all.reduce_scatter);
  look_up(library, "ncclSend", all.send);
  look_up(library, "ncclRecv", all.receive);
  look_up(library, "ncclGroupStart", all.group_start);
  look_up(library, "ncclGroupEnd", all.group_end);
}

int version_of(const NcclLibrary& nccl) {
  int version = 0;
  nccl.get_version(&version);
  return version;
}

}  // namespace

std::string NcclLibrary::version() const {
  const int version = version_of(*this);
  return fmt::format("NCCL {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

NcclLibrary load_nccl(const std::string& path) {
  // libtorch's CUDA library has brought its own by now, and this finds the same; but NCCL reads its
  // variables when the first communicator is made.
  ::setenv("NCCL_LAUNCH_ORDER_IMPLICIT", "1", /*overwrite=*/0);
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    throw Error("NCCL does not load: {}; `tools/setup --cuda` installs it", ::dlerror());
  }
  NcclLibrary nccl{};
  look_up_all(library, nccl);
  if (version_of(nccl) < kOldestVersion) {
    throw Error("{} is too old to order the collectives of several groups; install 2.28 or newer",
                nccl.version());
  }
  return nccl;
}

const NcclLibrary& nccl_library() {
  static const NcclLibrary library = load_nccl(library_path);
  return library;
}

void use_shared_nccl(const std::string& path) {
  // Two ranks a GPU are what NCCL's manual says to work by default, more with fewer blocks each;
  // its multicast (NVLS) knows no ranks that share.
  ::setenv("NCCL_MULTI_RANK_GPU_ENABLE", "1", /*overwrite=*/0);
  ::setenv("NCCL_MAX_CTAS", "4", /*overwrite=*/0);
  ::setenv("NCCL_NVLS_ENABLE", "0", /*overwrite=*/0);
  const NcclLibrary nccl = load_nccl(path);
  if (version_of(nccl) < kOldestShared) {
    throw Error(
        "{} does not let ranks share a GPU; `tools/setup --cuda` installs one that does "
        "beside libtorch, or set device_collectives to host",
        nccl.version());
  }
  library_path = path;
}

}  // namespace moebench::comm
