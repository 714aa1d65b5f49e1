#pragma once

#include <span>
#include <string_view>

namespace moebench::record {

// Says how a metric of a record comes from the metrics of the ranks.
enum class OverRanks {
  kLargest,  // the headline of one number a rank, as are the next three
  kSmallest,
  kSum,
  kMean,
  kSlowest,     // a series: each number is that of the slowest rank, the headline their median
  kSame,        // a series that all ranks share: rank 0's, the headline its last number
  kAddUp,       // a series: added number by number; no headline
  kNotOfRanks,  // computed from other metrics, or by the driver: no rank hands it over
};

// Says how tables print the headline.
enum class MetricFormat {
  kByUnit,  // bytes in the unit that fits the largest, ns in seconds, others at three digits
  kCount,   // a whole number
  kShare,   // of 1, as a percentage
};

// Says which cells are not ok without the metric.
enum class Required { kNever, kAlways, kTraining, kLoading, kWarmUp, kResuming, kSaving };

// Says what the gate allows the candidate's median against the base's, beside its tests of times.
struct GateRule {
  enum class Kind {
    kNone,
    kNoMore,  // grow by `tolerance`, or by `absolute` where that is more
    kSame,    // differ by so much, where both do the same work
    kLoss,    // differ as losses of arms that do the same work may (record::disagreement)
  };
  Kind kind = Kind::kNone;
  double tolerance = 0;  // relative
  double absolute = 0;   // in the metric's unit
};

// All that is known of a metric, once: whoever writes, merges, prints or judges it asks here.
struct MetricInfo {
  std::string_view name;  // a `*` stands for any text: a family of metrics
  std::string_view unit;
  OverRanks over_ranks;
  std::string_view definition;  // of the headline, as a clause
  std::string_view title{};     // at the head of a column; empty where no table has it
  MetricFormat format = MetricFormat::kByUnit;
  Required required = Required::kNever;
  GateRule gate{};

  constexpr bool is_family() const { return name.find('*') != std::string_view::npos; }
};

// Lists the metrics in the order in which reports name them. harness/record/schema.md describes the
// same metrics.
std::span<const MetricInfo> metric_catalogue();

// Tells whether `name` is `pattern`, in which a `*` stands for any text.
bool matches(std::string_view pattern, std::string_view name);

// Null where the catalogue has no such metric. Where several rows match, that with the most of the
// name written out counts.
const MetricInfo* find_metric(std::string_view name);

// Tells whether one run tells the metric, so that repetitions of it only repeat it: what the gate
// judges by such a rule, and memory of the tensor allocator and of estimates.
bool repeats_exactly(const MetricInfo& info);

// Returns the same of a metric that must be there.
const MetricInfo& metric_info(std::string_view name);

}  // namespace moebench::record
