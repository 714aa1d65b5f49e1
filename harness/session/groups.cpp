#include "harness/session/groups.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "harness/session/comparisons.h"

namespace moebench::session {

using config::CellConfig;

Group parse_group(const std::string& text, const std::string& option) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto index = parse_number<int>(std::string_view(text).substr(0, slash));
    const auto count = parse_number<int>(std::string_view(text).substr(slash + 1));
    if (index && count && *index >= 0 && *index < *count) return {*index, *count};
  }
  throw Error("{}: '{}' is no part; write K/N, the Kth of N parts, with K from 0 to N - 1", option,
              shortened(text));
}

std::vector<std::vector<CellConfig>> part_cells(const std::vector<CellConfig>& cells,
                                                std::optional<int> count) {
  const std::vector<Comparison> comparisons = comparisons_of(cells);
  const std::size_t num = comparisons.size();
  if (count && static_cast<std::size_t>(*count) > num) {
    throw Error(
        "{} groups are more than the {} that there can be: cells that are compared stay "
        "together; ask for fewer",
        *count, num);
  }
  const std::size_t num_groups =
      count ? static_cast<std::size_t>(*count) : std::min<std::size_t>(num, kMostGroups);
  std::vector<std::size_t> group_of(cells.size());
  for (std::size_t i = 0; i < num; ++i) {
    for (const std::size_t arm : comparisons[i].arms) group_of[arm] = i * num_groups / num;
  }
  std::vector<std::vector<CellConfig>> groups(num_groups);
  for (std::size_t i = 0; i < cells.size(); ++i) groups[group_of[i]].push_back(cells[i]);
  return groups;
}

std::vector<CellConfig> cells_of(const Group& group, const std::vector<CellConfig>& cells) {
  return part_cells(cells, group.count).at(static_cast<std::size_t>(group.index));
}

}  // namespace moebench::session
