#pragma once

#include <string>

#include "harness/outer/rank_contract.h"

namespace moebench::outer {

// What a rank other than 0 does: reports itself to rank 0, as of the host `host`, and waits for its
// end. Meanwhile it runs what rank 0, and nobody else, asks for on its host, one command at a time,
// each by /bin/sh. Nothing that it has started outlives a command, the connection to rank 0 or this
// process. Returns the exit code that rank 0 hands over, 128 + the signal that ended the waiting.
// Error where rank 0 cannot be reached within the contract's limit or refuses this rank;
// SystemError where it is gone.
int stand_by(const RankContract& contract, const std::string& host);

}  // namespace moebench::outer
