#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/machine/cost_budget.h"
#include "harness/machine/cpu_time.h"
#include "harness/machine/process_tree.h"
#include "harness/record/process_figures.h"

namespace moebench::machine {

// In seconds; tests set them.
struct SamplerClocks {
  std::function<double()> wall_s;
  std::function<double()> thread_cpu_s;  // of the thread that samples, the kernel's work included
};
SamplerClocks system_clocks();

// What the processes of a run take, seen from outside: of any program, whatever it reports. Has no
// thread; tick() is called a few times a second and samples where its cost allows.
//
// A process's peak of resident memory is the kernel's own and misses only what it grew after its
// last sample. Sums and proportional memory are peaks over the samples alone. A process that lives
// between two samples is not seen; its CPU time is in the usage that finish() is given.
class ProcessSampler {
 public:
  // Of a core. Proportional memory walks page tables, so it has a share of its own and is rarer.
  static constexpr double kCostShare = 0.003;
  static constexpr double kPssCostShare = 0.001;
  // Kept are the processes with the most memory or time; others are counted.
  static constexpr std::size_t kMaxProcesses = 256;

  // Takes a first sample. Throws Error where /proc is not mounted, as does tick().
  explicit ProcessSampler(pid_t root, std::string proc = kProc,
                          SamplerClocks clocks = system_clocks());

  void tick();
  // `usage`: of the processes once they ended, where it is known.
  record::ProcessFigures finish(const std::optional<TreeUsage>& usage = std::nullopt) const;

 private:
  using Figures = std::map<ProcessKey, record::ProcessFigure>;
  // Processes of a sample that hold memory, by pid.
  using Seen = std::vector<std::pair<pid_t, record::ProcessFigure*>>;

  double now_s() const { return clocks_.wall_s() - start_s_; }
  Seen sample(double now_s);
  record::ProcessFigure& note(const ProcessTree::Member& member, double now_s);
  double expected_pss_cost_s() const;
  void sample_pss(const Seen& seen);
  void leave_out_ended(double now_s);

  std::string proc_;
  SamplerClocks clocks_;
  double start_s_;
  ProcessTree tree_;
  Figures figures_;
  record::ProcessFigures total_;  // but for `processes`, what is known so far
  double left_out_cpu_s_ = 0;
  std::vector<double> sampled_at_s_;

  CostBudget budget_{kCostShare};
  CostBudget pss_budget_{kPssCostShare};
  double cost_s_ = 0;  // of all samples
  double last_cost_s_ = 0;
  double last_pss_cost_s_ = 0;
  std::int64_t last_rss_sum_ = 0;
  std::int64_t rss_sum_at_last_pss_ = 0;
};

}  // namespace moebench::machine
