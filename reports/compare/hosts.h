#pragma once

#include <set>
#include <string>

#include "harness/record/record.h"

namespace moebench::compare {

// The hosts that the ranks of a run were on, in no order; empty where no rank says.
std::set<std::string> hosts_of(const record::Environment& environment);

// "it ran on 'a', 'c', not on 'a', 'b'": how the hosts of a run differ from those that another ran
// on, beside which its numbers would pass for those of one machine; "" where they do not, or one of
// them failed or says none. Runs of two cells may differ in how many hosts they use: one's are
// among the other's then.
std::string hosts_difference(const record::CellRecord& run, const record::CellRecord& expected);

}  // namespace moebench::compare
