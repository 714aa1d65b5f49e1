#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/comm/communicator.h"

namespace moebench::comm {

// Every rank's text, by rank.
std::vector<std::string> all_gather_text(Communicator& group, const std::string& text);

// Runs `action` on every rank and waits for all of them. Where it throws Error on any rank, every
// rank throws the first one's: no rank goes on alone or waits for one that gave up.
void do_together(Communicator& group, const std::function<void()>& action);

}  // namespace moebench::comm
