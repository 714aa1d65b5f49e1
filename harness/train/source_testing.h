#pragma once

#include <memory>
#include <span>
#include <utility>

#include "harness/config/cell.h"
#include "harness/weights/parameters.h"

namespace moebench::train {

// Seeded values as of a cell that begins anew, but random ones for biases and the router's
// correction too, which are 0 in a fresh model: a test sees what they do.
class TestedValues : public weights::ParameterSource {
 public:
  explicit TestedValues(const config::CellConfig& cell)
      : seeded_(weights::seeded_source(cell.seed, cell.model.initializer_range)) {}

  void read(const weights::ParameterSpec& parameter, std::int64_t begin,
            std::span<float> out) const override {
    weights::ParameterSpec other = parameter;
    if (other.name.ends_with("bias")) other.name += "_values";
    seeded_->read(other, begin, out);
  }

 private:
  std::unique_ptr<weights::ParameterSource> seeded_;
};

}  // namespace moebench::train
