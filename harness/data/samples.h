#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "harness/config/cell.h"

namespace moebench::data {

// The samples of a source in the order of its files, cut to seq_len tokens; those shorter than
// 2 tokens, which have nothing to predict, are left out.
class Samples {
 public:
  virtual ~Samples() = default;
  virtual std::int64_t count() const = 0;                      // at least 1
  virtual std::int64_t length(std::int64_t sample) const = 0;  // 2 .. seq_len tokens
  // Tokens of the source that are in no sample: cut off behind seq_len, or alone. What stands
  // between two samples does not count.
  virtual std::int64_t num_unused() const = 0;
  // Tokens [begin, begin + out.size()) of a sample; the range lies within its length.
  virtual void copy(std::int64_t sample, std::int64_t begin, std::span<std::int64_t> out) const = 0;
};

// All of them read only model.vocab_size, seq_len, seed and data of the cell. Error names the file
// or key and the remedy.
std::unique_ptr<Samples> open_text_samples(const config::CellConfig& cell);
std::unique_ptr<Samples> open_encoded_samples(const config::CellConfig& cell);
std::unique_ptr<Samples> open_token_samples(const config::CellConfig& cell);
std::unique_ptr<Samples> make_synthetic_samples(const config::CellConfig& cell);

}  // namespace moebench::data
