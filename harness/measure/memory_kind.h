#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace moebench::measure {

// What a tensor is for.
enum class MemoryKind {
  kParameters,     // this rank's slices
  kGathered,       // parameters of all ranks, for the time of their use
  kGradients,      // this rank's slices
  kFullGradients,  // before they are reduced
  kOptimizer,      // moments, and what an update takes
  kActivations,    // all that nothing else names
  kDispatch,       // rows on their way to and from experts
};
inline constexpr std::size_t kNumMemoryKinds = 7;
const char* to_string(MemoryKind kind);  // "parameters", "gathered", ...

using MemoryByKind = std::array<std::int64_t, kNumMemoryKinds>;

// What this thread allocates is of this kind while it lives; the innermost scope counts.
class MemoryScope {
 public:
  explicit MemoryScope(MemoryKind kind);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

 private:
  std::optional<MemoryKind> outer_;
};

// Of an allocation now: the innermost scope's, or, without one, what the phase tells.
MemoryKind current_memory_kind();

}  // namespace moebench::measure
