#include "harness/config/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/check.h"

namespace moebench::config {
namespace {

// Of a scaled context, by how much cos and sin grow.
double growth(double factor, double mscale) {
  return factor <= 1 ? 1 : 0.1 * mscale * std::log(factor) + 1;
}

double llama3_frequency(double frequency, const RopeConfig& rope) {
  const auto context = static_cast<double>(rope.original_positions);
  const double length = 2 * std::numbers::pi / frequency;  // of a wave, in positions
  if (length < context / rope.high_freq_factor) return frequency;
  if (length > context / rope.low_freq_factor) return frequency / rope.factor;
  const double kept =
      (context / length - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  return (1 - kept) * frequency / rope.factor + kept * frequency;
}

// Says of each pair of dimensions how much of its frequency YaRN divides, 0 to 1.
class YarnRamp {
 public:
  explicit YarnRamp(const ModelConfig& model) {
    const RopeConfig& rope = model.rope;
    const auto dim = static_cast<double>(model.rotary_dim());
    // The pair that turns so often within the context, as a real number.
    const auto pair_of = [&](double turns) {
      const auto context = static_cast<double>(rope.original_positions);
      return dim * std::log(context / (turns * 2 * std::numbers::pi)) /
             (2 * std::log(model.rope_theta));
    };
    const double fast = pair_of(rope.beta_fast), slow = pair_of(rope.beta_slow);
    begin_ = std::max(rope.truncate ? std::floor(fast) : fast, 0.0);
    end_ = std::min(rope.truncate ? std::ceil(slow) : slow, dim - 1);
    if (begin_ == end_) end_ += 0.001;  // as the reference does: a step
  }
  double at(double pair) const { return std::clamp((pair - begin_) / (end_ - begin_), 0.0, 1.0); }

 private:
  double begin_, end_;
};

double yarn_factor(const RopeConfig& rope) {
  if (rope.attention_factor != 0) return rope.attention_factor;
  if (rope.mscale == 0 || rope.mscale_all_dim == 0) return growth(rope.factor, 1);
  return growth(rope.factor, rope.mscale) / growth(rope.factor, rope.mscale_all_dim);
}

std::vector<double> unscaled(const ModelConfig& model) {
  const auto dim = static_cast<double>(model.rotary_dim());
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < model.rotary_dim() / 2; ++i) {
    frequencies.push_back(std::pow(model.rope_theta, -2.0 * static_cast<double>(i) / dim));
  }
  return frequencies;
}

}  // namespace

RopeFrequencies rope_frequencies(const ModelConfig& model) {
  const RopeConfig& rope = model.rope;
  RopeFrequencies result{unscaled(model)};
  switch (rope.scaling) {
    case RopeScaling::kNone:
      return result;
    case RopeScaling::kLinear:
      for (double& frequency : result.inverse) frequency /= rope.factor;
      return result;
    case RopeScaling::kLlama3:
      for (double& frequency : result.inverse) frequency = llama3_frequency(frequency, rope);
      return result;
    case RopeScaling::kYarn: {
      const YarnRamp ramp(model);
      for (std::size_t i = 0; i < result.inverse.size(); ++i) {
        const double divided = ramp.at(static_cast<double>(i));
        result.inverse[i] *= 1 - divided + divided / rope.factor;
      }
      result.factor = yarn_factor(rope);
      return result;
    }
  }
  MOEBENCH_CHECK(!"a scaling outside its enumeration");
}

double score_scale(const ModelConfig& model) {
  const double scale = model.attention_multiplier != 0
                           ? model.attention_multiplier
                           : 1 / std::sqrt(static_cast<double>(model.head_dim));
  const RopeConfig& rope = model.rope;
  if (!model.is_latent() || rope.scaling != RopeScaling::kYarn || rope.mscale_all_dim == 0) {
    return scale;
  }
  const double grown = growth(rope.factor, rope.mscale_all_dim);
  return scale * grown * grown;
}

}  // namespace moebench::config
