#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/cell.h"

namespace moebench::data {

// Samples of one rank's micro-step as a right-padded matrix of token ids.
struct MicroBatch {
  std::int64_t first_row = 0;  // place of the first row in the endless order of rows
  std::int64_t num_samples = 0;
  std::int64_t length = 0;            // of the longest sample (of every row, when packed)
  std::vector<std::int64_t> tokens;   // num_samples x length, row-major; padding is token 0
  std::vector<std::int64_t> lengths;  // real tokens of each row

  std::int64_t real_tokens() const;
  std::int64_t padding_tokens() const;
  // Positions that have a next real token in their row: sum of max(length - 1, 0).
  std::int64_t loss_tokens() const;
};

// Describes what a data source holds.
struct DataFacts {
  std::int64_t num_samples = 0;
  std::int64_t num_tokens = 0;  // of all samples
  // These tokens are in no sample: cut off behind seq_len, or alone. For text they are bytes.
  std::int64_t num_unused_tokens = 0;

  bool operator==(const DataFacts&) const = default;
};

// The training samples of a cell in an order that the seed fixes, endless (epochs repeat).
class DataSet {
 public:
  virtual ~DataSet() = default;

  // Micro-batch `index` of global step `step`; a step has ranks x grad_accumulation of them.
  // Depends on nothing but the data, the seed, micro_batch, seq_len and packing, so that every
  // parallelism trains on the same tokens.
  virtual MicroBatch micro_batch(std::int64_t step, std::int64_t index) const = 0;

  virtual DataFacts facts() const = 0;
};

// Error where a file is missing or empty, or holds a token outside the model's vocabulary, or where
// all of a text is one sample.
std::unique_ptr<DataSet> open_data_set(const config::CellConfig& cell);

// Does the same check before ranks are started, on at most kMaxCheckedBytes; of more it checks only
// whether files can be read. Returns nothing for synthetic data, and where files are too large.
inline constexpr std::uintmax_t kMaxCheckedBytes = std::uintmax_t{64} << 20;
std::optional<DataFacts> check_data(const config::CellConfig& cell);

// "5 samples, fewer than the 8 of a step: ..."; "" where the data suffice for one.
std::string data_shortage(const config::CellConfig& cell, const DataFacts& facts);

}  // namespace moebench::data
