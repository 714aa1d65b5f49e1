#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/machine/cost_budget.h"
#include "harness/machine/process_sampler.h"
#include "harness/measure/nvml.h"
#include "harness/record/process_figures.h"

namespace moebench::measure {

// What a run takes of the GPUs, seen from outside, beside machine::ProcessSampler and as it: no
// thread, ticked a few times a second, and a look only where its cost allows. Needs no CUDA.
class GpuProcessSampler {
 public:
  static constexpr double kCostShare = 0.0005;  // of a core

  // Opens all devices that NVML shows, which takes a while: before the run is started. Where there
  // are none it samples nothing, and says why in the figures.
  explicit GpuProcessSampler(const std::string& library = kNvmlLibrary,
                             machine::SamplerClocks clocks = machine::system_clocks());
  ~GpuProcessSampler();

  // A run begins; with a first look.
  void start();
  void tick();
  // A last look, once the processes of the run have ended. Adds the GPUs, and what looking at them
  // cost, to what machine::ProcessSampler found; its pids tell whose a process on a GPU is.
  void finish(record::ProcessFigures& figures);

 private:
  struct Watched;  // a device and what it took since start()

  void look();

  machine::SamplerClocks clocks_;
  std::vector<std::unique_ptr<Watched>> devices_;
  std::string not_watched_;
  double start_s_ = 0;
  machine::CostBudget budget_{kCostShare};
  double cost_s_ = 0;
  double last_cost_s_ = 0;
};

}  // namespace moebench::measure
