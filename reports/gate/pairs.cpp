#include "reports/gate/pairs.h"

#include <algorithm>

#include "harness/base/error.h"
#include "reports/gate/fingerprint.h"

namespace moebench::gate {
namespace {

using record::Arm;
using record::CellRecord;

double telemetry(const CellRecord& record, const char* metric) {
  return record.value(metric).value_or(0);
}

std::string broken_rule(const CellRecord& base, const CellRecord& candidate,
                        const InvalidationRules& rules) {
  const std::string change =
      difference(machine_fingerprint(candidate.environment), machine_fingerprint(base.environment));
  if (!change.empty()) return "the machine changed: " + change;
  const double busy = telemetry(base, "other_cores") - telemetry(candidate, "other_cores");
  if (std::abs(busy) > rules.busy_cores) {
    return fmt::format("other processes took {:.2f} cores more beside the {}", std::abs(busy),
                       busy > 0 ? "base" : "candidate");
  }
  for (const CellRecord* run : {&base, &candidate}) {
    const double swapped = telemetry(*run, "swap_growth");
    if (swapped > rules.swap_bytes) return fmt::format("{:.0f} MB were swapped out", swapped / 1e6);
  }
  const double clocks[] = {telemetry(base, "core_clock"), telemetry(candidate, "core_clock")};
  const double lower = std::min(clocks[0], clocks[1]);
  const double higher = std::max(clocks[0], clocks[1]);
  if (lower > 0 && lower < higher * (1 - rules.clock_drop)) {
    return fmt::format("the clock dropped from {:.0f} to {:.0f} MHz", higher / 1e6, lower / 1e6);
  }
  return "";
}

void place(const CellRecord& record, Pair& pair) {
  const CellRecord*& run = record.pair->arm == Arm::kBase ? pair.base : pair.candidate;
  if (run != nullptr) {
    throw Error("pair {} of cell {} has two runs of the {}; each counts once: remove one record",
                record.pair->index, record.pair->cell, to_string(record.pair->arm));
  }
  run = &record;
  pair.index = record.pair->index;
}

}  // namespace

bool Pair::ok() const { return failure() == nullptr; }

const CellRecord* Pair::failure() const {
  for (const CellRecord* run : {base, candidate}) {
    if (run->disposition != record::Disposition::kOk) return run;
  }
  return nullptr;
}

std::vector<const Pair*> CellPairs::valid() const {
  std::vector<const Pair*> result;
  for (const Pair& pair : pairs) {
    if (pair.ok() && pair.broken_rule.empty()) result.push_back(&pair);
  }
  return result;
}

const CellRecord* CellPairs::failure() const {
  for (const Pair& pair : pairs) {
    if (const CellRecord* failure = pair.failure()) return failure;
  }
  return nullptr;
}

std::map<std::string, CellPairs> collect_pairs(const std::vector<CellRecord>& records,
                                               const InvalidationRules& rules) {
  std::map<std::string, std::map<int, Pair>> found;
  for (const CellRecord& record : records) {
    if (!record.pair) {
      throw NotComparable(
          "repetition {} of cell {} is no run of a pair, and runs that were not paired in one "
          "session are not compared; measure with moebench ab",
          record.repetition, record.id);
    }
    place(record, found[record.pair->cell][record.pair->index]);
  }
  std::map<std::string, CellPairs> cells;
  for (auto& [cell, by_index] : found) {
    CellPairs& pairs = cells[cell];
    for (auto& [index, pair] : by_index) {
      if (pair.base == nullptr || pair.candidate == nullptr) {
        ++pairs.num_halves;
        continue;
      }
      pair.broken_rule = broken_rule(*pair.base, *pair.candidate, rules);
      pairs.pairs.push_back(std::move(pair));
    }
  }
  return cells;
}

}  // namespace moebench::gate
