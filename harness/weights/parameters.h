#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "harness/config/cell.h"
#include "harness/partition/parameters.h"

namespace moebench::weights {

using partition::model_parameters;
using partition::ParameterSpec;

// Gives initial values. Any rank can ask for any range of any parameter, so no rank ever holds the
// whole model.
class ParameterSource {
 public:
  virtual ~ParameterSource() = default;
  // Elements [begin, begin + out.size()) of the parameter in row-major order, as fp32.
  virtual void read(const ParameterSpec& parameter, std::int64_t begin,
                    std::span<float> out) const = 0;
};

// Aborts where [begin, begin + count) does not lie within the parameter; sources call it.
void check_range(const ParameterSpec& parameter, std::int64_t begin, std::size_t count);

// Seeded values: a function of (seed, name, element index) alone, the same on every machine and
// for every sharding. Norm weights are 1; all others have mean 0 and standard deviation
// `initializer_range`, drawn as the sum of four 16-bit uniforms (Irwin-Hall), which needs no
// mathematical library and so no rounding differences.
std::unique_ptr<ParameterSource> seeded_source(std::uint64_t seed, double initializer_range);

// A Hugging Face safetensors checkpoint: a folder with model.safetensors.index.json or
// model.safetensors, or a single .safetensors file. Checks on opening that every parameter of
// `model` is there with its shape and a dtype that converts (see CheckpointFiles::find); Error
// names file, tensor and remedy.
std::unique_ptr<ParameterSource> checkpoint_source(const std::string& path,
                                                   const config::ModelConfig& model);

}  // namespace moebench::weights
