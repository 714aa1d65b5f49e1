#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::gate {

// Both runs of a pair; the records must outlive it.
struct Pair {
  int index = 0;
  const record::CellRecord* base = nullptr;
  const record::CellRecord* candidate = nullptr;
  std::string broken_rule;  // why the pair does not count; empty where it does

  bool ok() const;  // both runs are
  const record::CellRecord* failure() const;
};

struct CellPairs {
  std::vector<Pair> pairs;  // both runs are there; ascending index
  int num_halves = 0;       // interrupted: one run alone

  std::vector<const Pair*> valid() const;  // ok, and no rule broken
  const record::CellRecord* failure() const;
};

// Says when a pair does not count, by the machine's telemetry and never by what is compared.
struct InvalidationRules {
  double busy_cores = 0.25;  // others' cores in one arm above those in the other
  double swap_bytes = 16 << 20;
  double clock_drop = 0.1;  // of one arm's clock below the other's
};

// Pairs by the id of the base's cell. Error where two records claim the same place; NotComparable
// where a record belongs to no pair.
std::map<std::string, CellPairs> collect_pairs(const std::vector<record::CellRecord>& records,
                                               const InvalidationRules& rules);

}  // namespace moebench::gate
