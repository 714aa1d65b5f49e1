#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "harness/base/file.h"

// For tests, which define MOEBENCH_RANK_PROGRAM.
namespace moebench {

// A moebench-rank that measures no GEMM rate, which takes longer than what these tests train, in
// `folder`; the driver takes it while this lives.
class UnprobedRank {
 public:
  explicit UnprobedRank(const std::filesystem::path& folder) {
    const std::filesystem::path program = folder / "unprobed_rank";
    write_file_atomically(program,
                          fmt::format("#!/bin/sh\n"
                                      "[ \"$1\" = --cell ] && set -- \"$@\" --gemm-rate-known\n"
                                      "exec '{}' \"$@\"\n",
                                      MOEBENCH_RANK_PROGRAM));
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ::setenv("MOEBENCH_RANK_PROGRAM", program.c_str(), 1);
  }
  ~UnprobedRank() { ::unsetenv("MOEBENCH_RANK_PROGRAM"); }
  UnprobedRank(const UnprobedRank&) = delete;
  UnprobedRank& operator=(const UnprobedRank&) = delete;
};

}  // namespace moebench
