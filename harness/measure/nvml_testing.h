#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "harness/measure/nvml_fake.h"

namespace moebench::measure {

inline constexpr const char* kFakeNvml = MOEBENCH_NVML_FAKE;
inline constexpr const char* kFakeGpuId = "0000:01:00.0";

// Sets what the GPU of kFakeNvml answers from now on.
inline void set_fake_gpu(const FakeGpu& gpu) {
  void* library = ::dlopen(kFakeNvml, RTLD_NOW);
  ASSERT_NE(library, nullptr) << ::dlerror();
  reinterpret_cast<SetFakeGpu>(::dlsym(library, "moebench_nvml_fake"))(gpu);
}

inline int fake_gpu_readings() {
  void* library = ::dlopen(kFakeNvml, RTLD_NOW);
  return reinterpret_cast<FakeGpuReadings>(::dlsym(library, "moebench_nvml_fake_readings"))();
}

}  // namespace moebench::measure
