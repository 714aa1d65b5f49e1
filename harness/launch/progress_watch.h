#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/launch/progress.h"

namespace moebench::launch {

// Seconds after which a repetition without progress is ended: the cell's progress_limit_s, or ten
// minutes for what takes its time whatever the cell is (launcher, MPI, libraries, a first step) and
// the time that its longest stretch between two lines of progress takes at rates far below those of
// any machine in use:
//
//   stretch                  work of a rank                                 CPU         GPU
//   a step: products         FLOPs of its sequences, recomputation too      1 GFLOP/s   1 TFLOP/s
//   a step: messages         the model, gathers + 1 times a micro-batch     0.1 GB/s    1 GB/s
//   loading or saving        the model; moments too where state is saved    20 MB/s     20 MB/s
//
// Of another engine, whose work nobody knows, half an hour in which no file in its folder grows.
// 0: no limit.
double progress_limit_s(const config::CellConfig& cell);

// Tells a user before a run that "a repetition is ended after 600 s without progress ...".
std::string progress_limit_note(const std::vector<config::CellConfig>& cells);

// Watches the lines of progress of one repetition.
class ProgressWatch {
 public:
  using Clock = std::chrono::steady_clock;

  ProgressWatch(double limit_s, Clock::time_point start) : limit_s_(limit_s), since_(start) {}

  void note(const RankProgress& progress, Clock::time_point now);

  // Says why the repetition is to be ended; empty as long as it may go on.
  std::string complaint(Clock::time_point now) const;

 private:
  double limit_s_;
  Clock::time_point since_;
  RankProgress last_;  // no phase: none yet
};

}  // namespace moebench::launch
