// Under a tool: ctest sets NVTX_INJECTION64_PATH to nvtx_tool.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/measure/phases.h"

namespace moebench::measure {
namespace {

template <typename Function>
Function* find(const char* name) {
  void* tool = ::dlopen(std::getenv("NVTX_INJECTION64_PATH"), RTLD_NOW | RTLD_NOLOAD);
  return tool == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(tool, name));
}

TEST(Nvtx, AToolSeesThePhases) {
  {
    PhaseScope scope(Phase::kExperts);
    scope.change(Phase::kCombine);
    const PhaseScope inner(Phase::kGather);
  }
  const auto pushed = find<int(const char*)>("moebench_nvtx_pushed");
  const auto popped = find<int()>("moebench_nvtx_popped");
  ASSERT_NE(pushed, nullptr) << "NVTX has not loaded the tool";
  EXPECT_EQ(pushed("experts"), 1);
  EXPECT_EQ(pushed("combine"), 2);  // again after the inner one
  EXPECT_EQ(pushed("gather"), 1);
  EXPECT_EQ(pushed("other"), 0);
  EXPECT_EQ(popped(), 4);
}

}  // namespace
}  // namespace moebench::measure
