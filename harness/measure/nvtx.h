#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "harness/measure/phases.h"

// These show what a rank does as NVTX ranges of the domain "moebench", for Nsight Systems and other
// tools: the phases by themselves, everything else by an NvtxRange where it happens. Without a tool
// (NVTX_INJECTION64_PATH at the first use) they cost a few ns at most; without NVTX's headers at
// build time they do nothing.
namespace moebench::measure {

// Shows the phase that this thread is in; every change of phase calls it. kOther is no range.
void nvtx_enter(Phase phase);

// Says what a range stands for, shown as its category, and what its payload then counts.
enum class NvtxKind {
  kStep,        // tokens of the step
  kLayer,       // index of the layer
  kUnit,        // bytes of the unit's parameters
  kCollective,  // bytes, as nccl-tests count them
};

// A name that the tool is told of once. Make it a member or a static of a function, never a global:
// main() may still choose the tool. To copy it is cheap.
class NvtxName {
 public:
  explicit NvtxName(const std::string& text);

 private:
  friend class NvtxRange;
  void* handle_ = nullptr;  // null: no tool
};

// Open while it lives:
//   static const NvtxName kName("all_gather");
//   const NvtxRange range(NvtxKind::kCollective, kName, bytes);
// It is a range with a start and an end of its own, so it may overlap with phases and other ranges
// at will, and, moved along with a request, end where that is waited for, on another thread as
// well.
class NvtxRange {
 public:
  NvtxRange(NvtxKind kind, const NvtxName& name, std::int64_t payload) {
    if (name.handle_ != nullptr) start(kind, name, payload);
  }
  ~NvtxRange() { end(); }
  NvtxRange(NvtxRange&& other) noexcept
      : id_(other.id_), is_open_(std::exchange(other.is_open_, false)) {}
  NvtxRange& operator=(NvtxRange&& other) noexcept {
    end();
    id_ = other.id_;
    is_open_ = std::exchange(other.is_open_, false);
    return *this;
  }

  // Ends the range before its life ends.
  void end() noexcept {
    if (std::exchange(is_open_, false)) finish();
  }

 private:
  void start(NvtxKind kind, const NvtxName& name, std::int64_t payload);
  void finish() noexcept;

  std::uint64_t id_ = 0;
  bool is_open_ = false;
};

}  // namespace moebench::measure
