#include "reports/gate/pairs.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/stats/quantile.h"

namespace moebench::gate {
namespace {

using record::Arm;
using record::CellRecord;

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

std::optional<double> pair_time_ns(const CellPairs& pairs) {
  std::vector<double> times;
  for (const Pair& pair : pairs.pairs) {
    const auto base = pair.base->value("run_time");
    const auto candidate = pair.candidate->value("run_time");
    if (base && candidate) times.push_back(*base + *candidate);
  }
  return stats::median(std::move(times));
}

std::map<std::string, CellPairs> collect_pairs(const std::vector<CellRecord>& records,
                                               const compare::DisturbanceRules& rules) {
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
      pair.broken_rule =
          compare::broken_rule(*pair.base, "base", *pair.candidate, "candidate", rules);
      pairs.pairs.push_back(std::move(pair));
    }
  }
  return cells;
}

}  // namespace moebench::gate
