#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "harness/profile/call_table.h"

namespace moebench::profile {

// Data that an operation moved: bytes read and bytes written, both counted.
struct Movement {
  std::int64_t calls = 0;
  std::int64_t bytes = 0;
  std::int64_t own_ns = 0;
  bool operator==(const Movement&) const = default;
};

// Profiles this thread's operations of libtorch and ours, and its phases, while it lives. The
// backward pass of CPU tensors runs on the thread that asked for it, and so counts. One at a time.
class OpProfiler {
 public:
  // kBytes: learns as well what the operations that only move data moved, from their inputs, which
  // makes every operation dearer.
  enum class Detail { kCalls, kBytes };
  explicit OpProfiler(Detail detail);
  ~OpProfiler();  // stops it
  OpProfiler(const OpProfiler&) = delete;
  OpProfiler& operator=(const OpProfiler&) = delete;

  // Ends the profile; both below are complete then.
  void stop();
  CallTable table() const;
  // Has an entry an operation: aten::copy_, aten::cat, ..., our own row-moving ones. Only with
  // kBytes.
  std::map<std::string, Movement> movements() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace moebench::profile
