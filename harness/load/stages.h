#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "harness/base/names.h"
#include "harness/measure/clock.h"

namespace moebench::load {

// Names what a load does with its time.
enum class Stage {
  kOther,          // none of the parts below
  kOpen,           // opening files, reading headers, planning
  kFault,          // first touch of fresh memory, where a pass has it apart
  kRead,           // positioned reads; touching mapped pages, where a pass has it apart
  kTranspose,      // copies that transpose
  kConcat,         // copies that do not
  kCast,           // conversions to another dtype
  kCommunication,  // exchanging bytes with other ranks
  kWait,           // threads without work
  kFree,           // giving memory and mappings back
};
constexpr auto names_of(Stage) {
  return name_table<Stage>({{Stage::kOther, "other"},
                            {Stage::kOpen, "open"},
                            {Stage::kFault, "fault"},
                            {Stage::kRead, "read"},
                            {Stage::kTranspose, "transpose"},
                            {Stage::kConcat, "concat"},
                            {Stage::kCast, "cast"},
                            {Stage::kCommunication, "communication"},
                            {Stage::kWait, "wait"},
                            {Stage::kFree, "free"}});
}
using moebench::to_string;

inline constexpr std::size_t kNumStages = kNumNames<Stage>;

// Nanoseconds of each stage.
using StageTimes = std::array<std::int64_t, kNumStages>;

// Books the time of one thread, from its construction on.
class StageClock {
 public:
  explicit StageClock(Stage stage = Stage::kOther) : stage_(stage) {}

  Stage enter(Stage stage) {  // returns the stage before
    book();
    return std::exchange(stage_, stage);
  }
  const StageTimes& times() {
    book();
    return times_;
  }
  // Books `times` instead of what passed since the last change of stage.
  void book_instead(const StageTimes& times) {
    for (std::size_t i = 0; i < kNumStages; ++i) times_[i] += times[i];
    since_ = measure::now_ns();
  }

 private:
  void book() {
    const std::int64_t now = measure::now_ns();
    times_[static_cast<std::size_t>(stage_)] += now - since_;
    since_ = now;
  }

  StageTimes times_{};
  Stage stage_;
  std::int64_t since_ = measure::now_ns();
};

// A stage for as long as it lives.
class InStage {
 public:
  InStage(StageClock& clock, Stage stage) : clock_(clock), outer_(clock.enter(stage)) {}
  ~InStage() { clock_.enter(outer_); }
  InStage(const InStage&) = delete;
  InStage& operator=(const InStage&) = delete;

 private:
  StageClock& clock_;
  Stage outer_;
};

// Runs work(clock, index) on `num_workers` threads, the caller's among them, each with a clock of
// its own. `clock` books the mean of theirs, so that stages add up to the time that passed; who
// ends early waits. Throws the first exception of any once all have ended.
void run_workers(StageClock& clock, std::int64_t num_workers,
                 const std::function<void(StageClock&, std::int64_t)>& work);

}  // namespace moebench::load
