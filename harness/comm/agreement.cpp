#include "harness/comm/agreement.h"

#include <algorithm>
#include <cstdint>

#include "harness/base/error.h"

namespace moebench::comm {

std::vector<std::string> all_gather_text(Communicator& group, const std::string& text) {
  const auto num_ranks = static_cast<std::size_t>(group.size());
  const auto size = static_cast<std::int64_t>(text.size());
  std::vector<std::int64_t> sizes(num_ranks);
  group.all_gather(&size, sizes.data(), sizeof size);
  const auto longest = static_cast<std::size_t>(*std::ranges::max_element(sizes));
  std::string send = text;
  send.resize(longest);
  std::string all(longest * num_ranks, '\0');
  group.all_gather(send.data(), all.data(), static_cast<std::int64_t>(longest));
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < num_ranks; ++rank) {
    texts.push_back(all.substr(rank * longest, static_cast<std::size_t>(sizes[rank])));
  }
  return texts;
}

void do_together(Communicator& group, const std::function<void()>& action) {
  std::string message;
  try {
    action();
  } catch (const Error& error) {
    message = error.what();
  }
  for (const std::string& text : all_gather_text(group, message)) {
    if (!text.empty()) throw Error(text);
  }
}

}  // namespace moebench::comm
