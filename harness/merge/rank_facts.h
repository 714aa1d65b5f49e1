#pragma once

#include <string>
#include <vector>

#include "harness/merge/merge.h"

namespace moebench::merge {

// Holds what the ranks say of themselves: builds, hosts, libraries, devices.
struct RankFacts {
  // Those of the first rank that left a result; `hosts` names all hosts instead of `host`.
  record::Environment environment;
  // These say where ranks differ in what makes their numbers comparable, with ranks and values; and
  // where no rank says how it was built.
  std::vector<std::string> warnings;
};
RankFacts merge_facts(const RankResults& ranks);

}  // namespace moebench::merge
