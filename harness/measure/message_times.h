#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "harness/measure/phases.h"

namespace moebench::measure {

// The phases whose messages are started before somebody needs them, so that computing may hide
// them.
inline constexpr Phase kStartedEarly[] = {Phase::kGather, Phase::kReduce};

// A message by the steady clock, in ns, as the thread saw it that started it and waited for it.
struct MessageTimes {
  Phase phase = Phase::kOther;  // that it was started in
  std::int64_t started_ns = 0;
  std::int64_t done_ns = 0;  // when it had arrived, at the latest when somebody waited for it
  std::int64_t wait_begin_ns = 0;
  std::int64_t wait_end_ns = 0;
};

// Of each phase the time in which a message of it was on its way while the thread did not wait for
// any: communication that cost nothing. Moments with several messages on their way count once.
PhaseTimes hidden_times(std::span<const MessageTimes> messages);

// Keeps the messages of the thread that makes it, from then on. One at a time.
class MessageRecorder {
 public:
  MessageRecorder();
  ~MessageRecorder();
  MessageRecorder(const MessageRecorder&) = delete;
  MessageRecorder& operator=(const MessageRecorder&) = delete;

  // hidden_times() of the messages that were waited for since the last call; nullopt where there
  // were none, or nobody saw when they arrived.
  std::optional<PhaseTimes> take();
};

// Of a message whose wait has ended; kept where a recorder of this thread lives.
void add_message(const MessageTimes& message);

}  // namespace moebench::measure
