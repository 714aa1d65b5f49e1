#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/weights/parameters.h"
#include "harness/weights/seeded_values.h"

namespace moebench::weights {
namespace {

bool is_norm_weight(const std::string& name) { return name.ends_with("norm.weight"); }

bool is_bias(const std::string& name) { return name.ends_with("bias"); }

class SeededSource : public ParameterSource {
 public:
  SeededSource(std::uint64_t seed, double initializer_range)
      : seed_key_(mix64(seed)),
        scale_(static_cast<float>(initializer_range * (1 / std::sqrt(kSeededSumVariance)))) {}

  void read(const ParameterSpec& parameter, std::int64_t begin,
            std::span<float> out) const override {
    check_range(parameter, begin, out.size());
    if (is_norm_weight(parameter.name)) {
      std::fill(out.begin(), out.end(), 1.0f);
    } else if (is_bias(parameter.name)) {
      std::fill(out.begin(), out.end(), 0.0f);
    } else {
      fill_seeded(mix64(hash64(parameter.name) ^ seed_key_), begin, scale_, out.data(), out.size());
    }
  }

 private:
  std::uint64_t seed_key_;
  float scale_;
};

}  // namespace

std::unique_ptr<ParameterSource> seeded_source(std::uint64_t seed, double initializer_range) {
  if (!(initializer_range > 0 && initializer_range <= 1e6)) {
    throw Error("initializer_range {} of the model's config.json is no positive number; use 0.02",
                initializer_range);
  }
  return std::make_unique<SeededSource>(seed, initializer_range);
}

}  // namespace moebench::weights
