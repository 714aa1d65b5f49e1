#pragma once

#include <string>

#include "harness/outer/rank_contract.h"

namespace moebench::outer {

// What a rank says of itself to rank 0.
struct Hello {
  int rank = 0;
  int world_size = 1;
  int local_rank = -1;  // -1: nothing says which
  int slots = 1;
  std::string host;   // its host's name
  std::string token;  // MOEBENCH_TOKEN

  std::string text() const;  // a JSON object
};

Hello hello_of(const RankContract& contract, const std::string& host);

// Reads the text of another. Error where it is none, or of another version of the protocol.
Hello parse_hello(const std::string& text);

// Why a rank does not belong to the run of rank 0, for whoever started it; empty where it does.
std::string why_refused(const Hello& hello, const RankContract& own);

}  // namespace moebench::outer
