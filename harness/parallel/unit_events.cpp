#include "harness/parallel/unit_events.h"

#include "harness/base/check.h"

namespace moebench::parallel {
namespace {

UnitObserver* installed = nullptr;

}  // namespace

ObserveUnits::ObserveUnits(UnitObserver& observer) {
  MOEBENCH_CHECK(installed == nullptr);
  installed = &observer;
}

ObserveUnits::~ObserveUnits() { installed = nullptr; }

void note(UnitEvent event, const std::string& unit) {
  if (installed != nullptr) installed->on_event(event, unit);
}

}  // namespace moebench::parallel
