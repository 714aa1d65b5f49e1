#include "harness/testing/ranks/ranks.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace moebench {
namespace {

constexpr int kSkipped = 77;

std::string (*why_skipped)() = nullptr;

}  // namespace

std::unique_ptr<comm::Communicator> world;

SkipAllTests::SkipAllTests(std::string (*why)()) { why_skipped = why; }

}  // namespace moebench

int main(int argc, char** argv) {
  moebench::world = moebench::comm::mpi_world();
  const std::string reason = moebench::why_skipped ? moebench::why_skipped() : "";
  if (!reason.empty()) {
    std::printf("skipped: %s\n", reason.c_str());
    return moebench::kSkipped;
  }
  ::testing::InitGoogleTest(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  moebench::world.reset();  // before the end of main, as MPI wants it
  return failed;
}
