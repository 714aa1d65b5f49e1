#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/merge/dead_rank.h"
#include "harness/merge/merge.h"

namespace moebench::merge {

// The last lines of what a launcher and its ranks print that say something: without blank lines and
// rules, our own progress, what launchers print after every failure, and repetitions by other
// ranks.
std::vector<std::string> telling_lines(std::string_view text, std::size_t max_lines);

struct Explanation {
  std::string text;  // on one line; goes behind what ended how
  bool is_out_of_memory = false;
};

// Explains why ranks ended that do not say it themselves: the cause and its remedy where they are
// known by what was printed, the last lines of stderr and stdout, and where all of it lies.
Explanation explain(const Outcome& outcome);

// " (last lines: ...; log: ...)": the same without a cause.
std::string details(const Outcome& outcome);

// Returns the rank that ended first, by what the launcher printed and the ranks left at their
// start.
std::optional<DeadRank> first_dead_rank(const Outcome& outcome);

// Returns the signal that ended the launcher or, as it says by its exit code, a rank; 0: none did.
int ending_signal(const Outcome& outcome);

// "rank 1 (host n7) was ended by signal 9 (Killed)"; where no rank is blamed, "killed by signal 11
// (Segmentation fault)" or "exit code 137, as after signal 9 (Killed)".
std::string how_it_ended(const Outcome& outcome);

// Returns what a record keeps: the last lines of stderr as they are, of stdout where that is blank.
std::string output_tail(const Outcome& outcome);

}  // namespace moebench::merge
