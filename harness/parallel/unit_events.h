#pragma once

#include <string>

namespace moebench::parallel {

// Names what happens to a unit of parameters in a training step.
enum class UnitEvent {
  kStartGather,
  kWaitGather,
  kForward,    // the layer's forward pass begins
  kRecompute,  // ... once more, for its backward pass
  kBackward,
  kFree,  // the gathered parameters
  kStartReduce,
  kSumReplicas,  // the shard group's sum is there, and that over the replicas begins
  kFinishReduce,
};

// Sees the events of all units in their order, for tests of the schedule.
class UnitObserver {
 public:
  virtual ~UnitObserver() = default;
  virtual void on_event(UnitEvent event, const std::string& unit) = 0;
};

// Installs an observer in this process while it lives. One at a time.
class ObserveUnits {
 public:
  explicit ObserveUnits(UnitObserver& observer);
  ~ObserveUnits();
  ObserveUnits(const ObserveUnits&) = delete;
  ObserveUnits& operator=(const ObserveUnits&) = delete;
};

// `unit`: the name of its layout. Costs nothing without an observer.
void note(UnitEvent event, const std::string& unit);

}  // namespace moebench::parallel
