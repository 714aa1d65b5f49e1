#pragma once

#include <array>

namespace moebench::reports {

// In the order of a step, which is that of measure::Phase but for "other", which comes last;
// harness/record/schema.md says what each holds. The part of a name before kBackward is the phase
// whose gradients it computes.
inline constexpr std::array kStepPhases = {"data",
                                           "embedding",
                                           "attention",
                                           "router",
                                           "dispatch",
                                           "experts",
                                           "combine",
                                           "loss",
                                           "loss_backward",
                                           "combine_backward",
                                           "experts_backward",
                                           "dispatch_backward",
                                           "router_backward",
                                           "attention_backward",
                                           "embedding_backward",
                                           "gather",
                                           "reduce",
                                           "optimizer",
                                           "other"};
inline constexpr const char* kBackward = "_backward";

}  // namespace moebench::reports
