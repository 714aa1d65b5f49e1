#include "harness/measure/memory_kind.h"

#include "harness/measure/phases.h"

namespace moebench::measure {
namespace {

thread_local std::optional<MemoryKind> kind_of_thread;

}  // namespace

MemoryScope::MemoryScope(MemoryKind kind) : outer_(kind_of_thread) { kind_of_thread = kind; }
MemoryScope::~MemoryScope() { kind_of_thread = outer_; }

MemoryKind current_memory_kind() {
  if (kind_of_thread) return *kind_of_thread;
  switch (current_phase()) {
    case Phase::kDispatch:
    case Phase::kDispatchBackward:
    case Phase::kCombine:
    case Phase::kCombineBackward:
      return MemoryKind::kDispatch;
    case Phase::kOptimizer:
      return MemoryKind::kOptimizer;
    default:
      return MemoryKind::kActivations;
  }
}

}  // namespace moebench::measure
