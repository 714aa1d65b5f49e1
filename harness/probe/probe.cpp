#include "harness/probe/probe.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <algorithm>
#include <string>
#include <utility>

#include "harness/base/units.h"
#include "harness/measure/memory_bandwidth.h"
#include "harness/measure/timer.h"
#include "harness/measure/torch/gemm_rate.h"
#include "harness/probe/message_times.h"
#include "harness/record/put_metric.h"

namespace moebench::probe {
namespace {

// Four times the largest cache, within what a small machine can spare for two buffers a rank.
std::int64_t copy_size(bool quick) {
  const std::int64_t wanted = 4 * measure::largest_cache_bytes();
  return quick ? std::clamp(wanted, 32 * kMebibyte, 128 * kMebibyte)
               : std::clamp(wanted, 128 * kMebibyte, 512 * kMebibyte);
}

class Probe {
 public:
  Probe(comm::Communicator& world, const ProbeOptions& options) : world_(world), options_(options) {
    at::set_num_threads(options.num_threads);
    result_.rank = world.rank();
    result_.world_size = world.size();
  }

  record::RankResult run() {
    describe_environment();
    timer();
    gemm();
    memory();
    if (world_.size() > 1) messages();
    return std::move(result_);
  }

 private:
  void describe_environment() {
    result_.environment = {{"torch_version", TORCH_VERSION},
                           {"mpi_version", comm::mpi_library_version()},
                           {"torch_threads", std::to_string(at::get_num_threads())},
                           {"cpu_capability", at::get_cpu_capability()}};
  }

  void timer() {
    const measure::TimerFacts facts = measure::measure_timer();
    put(result_.metrics, "timer_resolution", facts.resolution_ns);
    put(result_.metrics, "timer_read_time", facts.read_ns);
  }

  void gemm() {
    const std::int64_t size = options_.quick ? 1024 : 2048;
    for (const auto& [name, dtype] :
         {std::pair("gemm_fp32", at::kFloat), std::pair("gemm_bf16", at::kBFloat16)}) {
      world_.barrier();
      put(result_.metrics, name, measure::gemm_flops_per_second(dtype, size));
    }
  }

  void memory() {
    const std::int64_t bytes = copy_size(options_.quick);
    world_.barrier();
    put(result_.metrics, "memory_copy",
        measure::copy_bytes_per_second(bytes, options_.num_threads));
    put(result_.metrics, "memory_copy_size", bytes);
  }

  void messages() {
    MessageOptions options;
    if (options_.quick) {
      options.largest_bytes = 4 * kMebibyte;
      options.factor = 8;
      options.budget_ns = 0.02e9;
    }
    MessageTimes times = measure_messages(world_, options);
    auto& metrics = result_.metrics;
    put_series(metrics, "message_size", std::move(times.bytes));
    put_series(metrics, "all_gather_time", std::move(times.all_gather_ns));
    put_series(metrics, "reduce_scatter_time", std::move(times.reduce_scatter_ns));
    put_series(metrics, "all_to_all_time", std::move(times.all_to_all_ns));
  }

  comm::Communicator& world_;
  const ProbeOptions& options_;
  record::RankResult result_;
};

}  // namespace

record::RankResult run_probe(comm::Communicator& world, const ProbeOptions& options) {
  return Probe(world, options).run();
}

}  // namespace moebench::probe
