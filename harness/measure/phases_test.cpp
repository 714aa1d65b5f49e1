#include "harness/measure/phases.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "harness/measure/clock.h"

namespace moebench::measure {
namespace {

constexpr std::int64_t kWorkNs = 200'000;

void work(std::int64_t ns = kWorkNs) {
  const Stopwatch watch;
  while (watch.elapsed_ns() < ns) {
  }
}

std::int64_t time_of(const PhaseTimes& times, Phase phase) {
  return times[static_cast<std::size_t>(phase)];
}

std::int64_t sum(const PhaseTimes& times) {
  return std::accumulate(times.begin(), times.end(), std::int64_t{0});
}

TEST(Phases, AScopeCountsItselfAlone) {
  PhaseRecorder recorder;
  {
    const PhaseScope forward(Phase::kAttention);
    work();
    {
      const PhaseScope experts(Phase::kExperts);
      work(3 * kWorkNs);
    }
    work();
  }
  const PhaseTimes times = recorder.take();
  EXPECT_GE(time_of(times, Phase::kAttention), 2 * kWorkNs);
  EXPECT_GE(time_of(times, Phase::kExperts), 3 * kWorkNs);
  EXPECT_EQ(time_of(times, Phase::kAttentionBackward), 0);
}

TEST(Phases, TimesAddUpToWhatPassed) {
  PhaseRecorder recorder;
  const Stopwatch watch;
  recorder.take();
  const std::int64_t least = -watch.elapsed_ns();
  work();
  {
    PhaseScope scope(Phase::kData);
    work();
    scope.change(Phase::kGather);
    work();
  }
  const std::int64_t inner = least + watch.elapsed_ns();
  const PhaseTimes times = recorder.take();
  EXPECT_GE(sum(times), inner);
  EXPECT_LE(sum(times), watch.elapsed_ns());
  for (const Phase phase : {Phase::kOther, Phase::kData, Phase::kGather}) {
    EXPECT_GE(time_of(times, phase), kWorkNs) << to_string(phase);
  }
}

TEST(Phases, TakeStartsAnew) {
  PhaseRecorder recorder;
  const PhaseScope scope(Phase::kReduce);
  work();
  EXPECT_GE(time_of(recorder.take(), Phase::kReduce), kWorkNs);
  const PhaseTimes second = recorder.take();
  EXPECT_EQ(time_of(second, Phase::kReduce), sum(second));
}

TEST(Phases, ARecorderStartsInThePhaseThatIsOn) {
  const PhaseScope scope(Phase::kOptimizer);
  PhaseRecorder recorder;
  work();
  EXPECT_GE(time_of(recorder.take(), Phase::kOptimizer), kWorkNs);
}

TEST(Phases, AnObserverSeesEveryChange) {
  struct Log : PhaseObserver {
    void on_change(Phase from, Phase to) override { changes.emplace_back(from, to); }
    std::vector<std::pair<Phase, Phase>> changes;
  } log;
  {
    const ObservePhases observe(log);
    PhaseScope scope(Phase::kLoss);
    scope.change(Phase::kLossBackward);
    change_phase(Phase::kReduce);
    EXPECT_EQ(current_phase(), Phase::kReduce);
  }
  const std::vector<std::pair<Phase, Phase>> expected = {{Phase::kOther, Phase::kLoss},
                                                         {Phase::kLoss, Phase::kLossBackward},
                                                         {Phase::kLossBackward, Phase::kReduce},
                                                         {Phase::kReduce, Phase::kOther}};
  EXPECT_EQ(log.changes, expected);
}

TEST(Phases, AnObserverOfAllThreadsSeesTheOthersToo) {
  struct Log : PhaseObserver {
    void on_change(Phase, Phase to) override { entered.push_back(to); }
    std::vector<Phase> entered;
  } all, mine;
  const auto mark_on_a_thread = [] {
    std::thread([] { const PhaseScope s(Phase::kLoss); }).join();
  };
  {
    ObserveAllThreads observe(all);
    const ObservePhases observe_mine(mine);
    mark_on_a_thread();
    change_phase(Phase::kReduce);
    observe.stop();
    const ObserveAllThreads next(mine);  // the first is gone
    mark_on_a_thread();
  }
  mark_on_a_thread();
  change_phase(Phase::kOther);
  EXPECT_EQ(all.entered, (std::vector{Phase::kLoss, Phase::kOther, Phase::kReduce}));
  EXPECT_EQ(mine.entered, (std::vector{Phase::kReduce, Phase::kLoss, Phase::kOther}));
}

TEST(Phases, EveryPartOfTheForwardPassHasItsBackward) {
  for (Phase phase = Phase::kEmbedding; phase <= Phase::kLoss;
       phase = static_cast<Phase>(static_cast<int>(phase) + 1)) {
    EXPECT_EQ(std::string(to_string(phase)) + "_backward", to_string(backward_of(phase)));
  }
  EXPECT_EQ(backward_of(Phase::kGather), Phase::kGather);
}

TEST(Phases, AStepHasAllButSavingACheckpoint) {
  std::set<Phase> phases(kStepPhases.begin(), kStepPhases.end());
  EXPECT_EQ(phases.size(), kNumPhases - 1);
  EXPECT_FALSE(phases.contains(Phase::kCheckpoint));
  EXPECT_EQ(kStepPhases.back(), Phase::kOther);
}

TEST(Phases, NamesDiffer) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kNumPhases; ++i) names.insert(to_string(static_cast<Phase>(i)));
  EXPECT_EQ(names.size(), kNumPhases);
}

}  // namespace
}  // namespace moebench::measure
