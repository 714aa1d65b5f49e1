#pragma once

#include <cstdint>

#include "harness/base/check.h"
#include "harness/base/names.h"

namespace moebench::config {

// The choices that a cell is made of, each with the words it is written with.

// Named as "model_type" of a Hugging Face config.json. It says which keys a file has and which
// names its tensors; what is computed, the parts of ModelConfig say.
enum class ModelType {
  kMixtral,
  kGraniteMoe,
  kQwen3Moe,
  kQwen2Moe,
  kOlmoe,
  kGraniteMoeShared,
  kGlm4Moe,
  kDeepseekV2,
  kDeepseekV3,
  kGptOss
};
constexpr auto names_of(ModelType) {
  return name_table<ModelType>({{ModelType::kMixtral, "mixtral"},
                                {ModelType::kGraniteMoe, "granitemoe"},
                                {ModelType::kQwen3Moe, "qwen3_moe"},
                                {ModelType::kQwen2Moe, "qwen2_moe"},
                                {ModelType::kOlmoe, "olmoe"},
                                {ModelType::kGraniteMoeShared, "granitemoeshared"},
                                {ModelType::kGlm4Moe, "glm4_moe"},
                                {ModelType::kDeepseekV2, "deepseek_v2"},
                                {ModelType::kDeepseekV3, "deepseek_v3"},
                                {ModelType::kGptOss, "gpt_oss"}});
}

// Norms of queries and keys before they are rotated: of each head by itself, with one weight for
// all, or of all heads of a token together.
enum class QkNorm { kNone, kPerHead, kAllHeads };
constexpr auto names_of(QkNorm) {
  return name_table<QkNorm>(
      {{QkNorm::kNone, "none"}, {QkNorm::kPerHead, "per_head"}, {QkNorm::kAllHeads, "all_heads"}});
}

// How rotary embeddings reach beyond the positions that a model was first trained on.
enum class RopeScaling { kNone, kLinear, kLlama3, kYarn };
constexpr auto names_of(RopeScaling) {
  return name_table<RopeScaling>({{RopeScaling::kNone, "none"},
                                  {RopeScaling::kLinear, "linear"},
                                  {RopeScaling::kLlama3, "llama3"},
                                  {RopeScaling::kYarn, "yarn"}});
}

// What a router makes of its logits.
enum class RouterScore { kSoftmax, kSigmoid };
constexpr auto names_of(RouterScore) {
  return name_table<RouterScore>(
      {{RouterScore::kSoftmax, "softmax"}, {RouterScore::kSigmoid, "sigmoid"}});
}

// By what a group of experts is chosen: its best expert's score, or the sum of its best two.
enum class GroupScore { kBest, kBestTwo };
constexpr auto names_of(GroupScore) {
  return name_table<GroupScore>({{GroupScore::kBest, "best"}, {GroupScore::kBestTwo, "best_two"}});
}

enum class Parallelism { kFsdp, kEp, kHsdp };
constexpr auto names_of(Parallelism) {
  return name_table<Parallelism>(
      {{Parallelism::kFsdp, "fsdp"}, {Parallelism::kEp, "ep"}, {Parallelism::kHsdp, "hsdp"}});
}

enum class ExpertKernel { kLoop, kGrouped };
constexpr auto names_of(ExpertKernel) {
  return name_table<ExpertKernel>(
      {{ExpertKernel::kLoop, "loop"}, {ExpertKernel::kGrouped, "grouped"}});
}

enum class Dtype { kBf16, kFp32 };
constexpr auto names_of(Dtype) {
  return name_table<Dtype>({{Dtype::kBf16, "bf16"}, {Dtype::kFp32, "fp32"}});
}
// Bytes.
constexpr std::int64_t element_bytes(Dtype dtype) {
  switch (dtype) {
    case Dtype::kBf16:
      return 2;
    case Dtype::kFp32:
      return 4;
  }
  MOEBENCH_CHECK(!"a dtype outside its enumeration");
}

enum class Device { kCpu, kCuda, kAuto };
constexpr auto names_of(Device) {
  return name_table<Device>(
      {{Device::kCpu, "cpu"}, {Device::kCuda, "cuda"}, {Device::kAuto, "auto"}});
}

// kNcclShared: NCCL as kNccl, also between ranks that share a GPU. It shows that all works, and
// nothing of how fast.
enum class DeviceCollectives { kNccl, kHost, kNcclShared };
constexpr auto names_of(DeviceCollectives) {
  return name_table<DeviceCollectives>({{DeviceCollectives::kNccl, "nccl"},
                                        {DeviceCollectives::kHost, "host"},
                                        {DeviceCollectives::kNcclShared, "nccl_shared"}});
}
constexpr bool may_share_gpus(DeviceCollectives collectives) {
  return collectives != DeviceCollectives::kNccl;
}

enum class Optimizer { kFused, kForeach, kPerTensor };
constexpr auto names_of(Optimizer) {
  return name_table<Optimizer>({{Optimizer::kFused, "fused"},
                                {Optimizer::kForeach, "foreach"},
                                {Optimizer::kPerTensor, "per_tensor"}});
}

enum class DataSource { kSynthetic, kText, kTokens };
constexpr auto names_of(DataSource) {
  return name_table<DataSource>({{DataSource::kSynthetic, "synthetic"},
                                 {DataSource::kText, "text"},
                                 {DataSource::kTokens, "tokens"}});
}

enum class Measure { kTrain, kLoad };
constexpr auto names_of(Measure) {
  return name_table<Measure>({{Measure::kTrain, "train"}, {Measure::kLoad, "load"}});
}

enum class Loader { kConcat, kSlice, kDirect, kBroadcast };
constexpr auto names_of(Loader) {
  return name_table<Loader>({{Loader::kConcat, "concat"},
                             {Loader::kSlice, "slice"},
                             {Loader::kDirect, "direct"},
                             {Loader::kBroadcast, "broadcast"}});
}

enum class Cache { kAny, kWarm, kCold };
constexpr auto names_of(Cache) {
  return name_table<Cache>({{Cache::kAny, "any"}, {Cache::kWarm, "warm"}, {Cache::kCold, "cold"}});
}

enum class LoadIo { kAuto, kBuffered, kDirect };
constexpr auto names_of(LoadIo) {
  return name_table<LoadIo>(
      {{LoadIo::kAuto, "auto"}, {LoadIo::kBuffered, "buffered"}, {LoadIo::kDirect, "direct"}});
}

enum class LoadTensors { kAll, kExperts };
constexpr auto names_of(LoadTensors) {
  return name_table<LoadTensors>({{LoadTensors::kAll, "all"}, {LoadTensors::kExperts, "experts"}});
}

// What cores a rank may use: all that the launcher may, as many of its own as it has threads, or
// those of a NUMA domain.
enum class Binding { kNone, kCore, kNuma };
constexpr auto names_of(Binding) {
  return name_table<Binding>(
      {{Binding::kNone, "none"}, {Binding::kCore, "core"}, {Binding::kNuma, "numa"}});
}

// How closely a cell is looked at in a pass of its own; each level includes those before it.
enum class Profile { kNone, kPhases, kOps, kTrace };
constexpr auto names_of(Profile) {
  return name_table<Profile>({{Profile::kNone, "none"},
                              {Profile::kPhases, "phases"},
                              {Profile::kOps, "ops"},
                              {Profile::kTrace, "trace"}});
}

enum class RoutingKind { kLearned, kBalanced, kSkewed, kTrace };
constexpr auto names_of(RoutingKind) {
  return name_table<RoutingKind>({{RoutingKind::kLearned, "learned"},
                                  {RoutingKind::kBalanced, "balanced"},
                                  {RoutingKind::kSkewed, "skewed"},
                                  {RoutingKind::kTrace, "trace"}});
}

using moebench::to_string;

}  // namespace moebench::config
