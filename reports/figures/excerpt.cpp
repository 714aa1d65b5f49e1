#include "reports/figures/excerpt.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "reports/write/excerpt.h"

namespace moebench::reports {
namespace {

constexpr std::array<std::string_view, 9> kSeries = {"mem_peak",
                                                     "warmup_step_time",
                                                     "step_time",
                                                     "loss",
                                                     "grad_norm",
                                                     "tokens_per_expert",
                                                     "expert_imbalance",
                                                     "rank_imbalance",
                                                     "gemm_flops_per_second"};
// Of each phase, of the machine's messages, and of profiles.
constexpr std::array<std::string_view, 5> kFamilies = {"gpu_", "phase_time_", "machine_",
                                                       "profile_", "collective_"};

// Those of profiles, in which names of phases, operations and kinds follow a point.
bool is_of_profiles(std::string_view metric) { return metric.find('.') != std::string_view::npos; }

}  // namespace

record::Excerpt figures_excerpt() {
  record::Excerpt excerpt = report_excerpt();
  excerpt.keeps_metric = [of_tables = excerpt.keeps_metric](std::string_view metric) {
    return of_tables(metric) || is_of_profiles(metric) || std::ranges::count(kSeries, metric) > 0 ||
           std::ranges::any_of(kFamilies, [&](auto name) { return metric.starts_with(name); });
  };
  return excerpt;
}

}  // namespace moebench::reports
