#include "harness/profile/call_table.h"

#include <utility>

#include "harness/base/check.h"

namespace moebench::profile {
namespace {

constexpr int kIdBits = 24;
constexpr std::uint64_t kIdMask = (1 << kIdBits) - 1;

}  // namespace

void CallCounts::add(const CallCounts& other) {
  calls += other.calls;
  primitive_calls += other.primitive_calls;
  own_ns += other.own_ns;
  cumulative_ns += other.cumulative_ns;
}

void add(const CallTable& from, CallTable& to) {
  for (const auto& [key, counts] : from) to[key].add(counts);
}

void CallRecorder::start(measure::Phase phase, std::int64_t now_ns) {
  phase_ = phase;
  phase_since_ns_ = since_ns_ = now_ns;
}

std::uint32_t CallRecorder::id_of(std::string_view function) {
  const auto found = ids_.find(function);
  if (found != ids_.end()) return found->second;
  const auto id = static_cast<std::uint32_t>(names_.size());
  MOEBENCH_CHECK(id <= kIdMask);
  names_.emplace_back(function);
  on_stack_.push_back(0);
  ids_.emplace(names_.back(), id);
  return id;
}

CallCounts& CallRecorder::counts(std::uint32_t function, std::uint32_t caller) {
  const auto phase = static_cast<std::uint64_t>(phase_);
  return counts_[phase << (2 * kIdBits) | std::uint64_t{caller} << kIdBits | function];
}

void CallRecorder::settle(std::int64_t now_ns) {
  const bool in_phase = stack_.empty();
  CallCounts& innermost =
      in_phase ? counts(0, 0) : counts(stack_.back().function, stack_.back().caller);
  innermost.own_ns += now_ns - since_ns_;
  since_ns_ = now_ns;
}

void CallRecorder::begin(std::string_view function, std::int64_t now_ns) {
  settle(now_ns);
  const std::uint32_t id = id_of(function);
  const std::uint32_t caller = stack_.empty() ? 0 : stack_.back().function;
  stack_.push_back({id, caller, now_ns, on_stack_[id]++ == 0});
}

void CallRecorder::end(std::int64_t now_ns) {
  if (stack_.empty()) return;  // it began before the recorder did
  settle(now_ns);
  const Frame frame = stack_.back();
  stack_.pop_back();
  --on_stack_[frame.function];
  CallCounts& booked = counts(frame.function, frame.caller);
  ++booked.calls;
  if (!frame.primitive) return;
  ++booked.primitive_calls;
  booked.cumulative_ns += now_ns - frame.begin_ns;
}

void CallRecorder::leave_phase(std::int64_t now_ns) {
  settle(now_ns);
  CallCounts& booked = counts(0, 0);
  ++booked.calls;
  ++booked.primitive_calls;
  booked.cumulative_ns += now_ns - phase_since_ns_;
}

void CallRecorder::change_phase(measure::Phase phase, std::int64_t now_ns) {
  if (phase == phase_) return;
  leave_phase(now_ns);
  phase_ = phase;
  phase_since_ns_ = now_ns;
}

void CallRecorder::stop(std::int64_t now_ns) {
  while (!stack_.empty()) end(now_ns);
  leave_phase(now_ns);
}

CallTable CallRecorder::table() const {
  CallTable table;
  for (const auto& [packed, counts] : counts_) {
    const auto phase = static_cast<measure::Phase>(packed >> (2 * kIdBits));
    table[{phase, names_[packed & kIdMask], names_[packed >> kIdBits & kIdMask]}].add(counts);
  }
  return table;
}

}  // namespace moebench::profile
