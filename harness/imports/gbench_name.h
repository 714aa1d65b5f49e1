#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moebench::imports {

// The name of a run of Google Benchmark as axes: "BM_Copy<float>/8/rows:4/threads:2/real_time" is
// benchmark BM_Copy<float>, arg1 8, rows 4, threads 2, timing real_time. Words that are no
// argument go on the benchmark's name; the number of repetitions is no axis.
std::vector<std::pair<std::string, std::string>> gbench_axes(std::string_view run_name);

}  // namespace moebench::imports
