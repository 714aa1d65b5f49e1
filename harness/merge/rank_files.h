#pragma once

#include <filesystem>
#include <string>

#include "harness/merge/merge.h"

namespace moebench::merge {

// rank_<r>.json of every rank in `folder`. A file that is no result of its rank counts as none; the
// reason goes to `complaint`.
RankResults read_ranks(const std::filesystem::path& folder, std::int64_t ranks,
                       std::string& complaint);

// The begin and the end of a file of text that may be large; "" where there is none.
std::string both_ends(const std::filesystem::path& path);

}  // namespace moebench::merge
