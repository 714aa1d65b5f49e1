#pragma once

// A management library of one GPU for tests, in two shared objects: nvml_fake, and nvml_fake_old
// that lacks a function as an old driver's does. What it answers is set by
//   moebench_nvml_fake(FakeGpu) of the same object.
namespace moebench::measure {

struct FakeGpu {
  enum class Fault { kNone, kInit, kLost, kSilent };

  Fault fault = Fault::kNone;
  unsigned int sm_mhz = 1980;
  unsigned long long clock_events = 0;
  unsigned long long memory_used = 4ULL << 30;
  unsigned int processes[40] = {};
  unsigned int num_processes = 0;
  unsigned long long process_memory = 1;  // of each; ~0: not told
  unsigned int power_mw = 650500;
  unsigned long long energy_mj = 0;  // ~0: has no counter
};

using SetFakeGpu = void (*)(const FakeGpu&);
// Initialisations that no shutdown has ended yet.
using FakeGpuUsers = int (*)();
// Counts how often the clock events were asked for, which each reading does once.
using FakeGpuReadings = int (*)();

}  // namespace moebench::measure
