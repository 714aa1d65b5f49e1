#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "reports/compare/disturbance.h"

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

// Median time that a pair takes of the machine, start to end; nullopt where it was not measured.
std::optional<double> pair_time_ns(const CellPairs& pairs);

// Pairs by the id of the base's cell. Error where two records claim the same place; NotComparable
// where a record belongs to no pair.
std::map<std::string, CellPairs> collect_pairs(const std::vector<record::CellRecord>& records,
                                               const compare::DisturbanceRules& rules);

}  // namespace moebench::gate
