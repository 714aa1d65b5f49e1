#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "harness/base/names.h"

namespace moebench::measure {

// Says what a tensor is for.
enum class MemoryKind {
  kParameters,     // this rank's slices
  kGathered,       // parameters of all ranks, for the time of their use
  kGradients,      // this rank's slices
  kFullGradients,  // before they are reduced
  kOptimizer,      // moments, and what an update takes
  kActivations,    // all that nothing else names
  kDispatch,       // rows on their way to and from experts
};
constexpr auto names_of(MemoryKind) {
  return name_table<MemoryKind>({{MemoryKind::kParameters, "parameters"},
                                 {MemoryKind::kGathered, "gathered"},
                                 {MemoryKind::kGradients, "gradients"},
                                 {MemoryKind::kFullGradients, "full_gradients"},
                                 {MemoryKind::kOptimizer, "optimizer"},
                                 {MemoryKind::kActivations, "activations"},
                                 {MemoryKind::kDispatch, "dispatch"}});
}
using moebench::to_string;

inline constexpr std::size_t kNumMemoryKinds = kNumNames<MemoryKind>;

using MemoryByKind = std::array<std::int64_t, kNumMemoryKinds>;

// While it lives, what this thread allocates is of this kind; the innermost scope counts.
class MemoryScope {
 public:
  explicit MemoryScope(MemoryKind kind);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

 private:
  std::optional<MemoryKind> outer_;
};

// Returns the kind of an allocation made now: the innermost scope's, or, without one, what the
// phase tells.
MemoryKind current_memory_kind();

}  // namespace moebench::measure
