#pragma once

#include <cstdlib>
#include <filesystem>

#include "harness/testing/shell_script.h"

// For tests, which define MOEBENCH_RANK_PROGRAM.
namespace moebench {

// A moebench-rank that measures no GEMM rate, which takes longer than what these tests train, in
// `folder`; the driver takes it while this lives.
class UnprobedRank {
 public:
  explicit UnprobedRank(const std::filesystem::path& folder) {
    const std::filesystem::path program =
        write_shell_script(folder / "unprobed_rank",
                           "[ \"$1\" = --cell ] && set -- \"$@\" --gemm-rate-known\n"
                           "exec '" MOEBENCH_RANK_PROGRAM "' \"$@\"");
    ::setenv("MOEBENCH_RANK_PROGRAM", program.c_str(), 1);
  }
  ~UnprobedRank() { ::unsetenv("MOEBENCH_RANK_PROGRAM"); }
  UnprobedRank(const UnprobedRank&) = delete;
  UnprobedRank& operator=(const UnprobedRank&) = delete;
};

}  // namespace moebench
