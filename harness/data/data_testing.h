#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/config/cell.h"
#include "harness/data/samples.h"
#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench::data {

inline config::CellConfig data_cell(config::DataSource source, std::vector<std::string> files) {
  config::CellConfig cell;
  cell.model.name = "mini";
  cell.model.vocab_size = 4096;
  cell.seq_len = 8;
  cell.data.source = source;
  cell.data.files = std::move(files);
  return cell;
}

// The tokens of the sample of this number.
inline std::vector<std::int64_t> tokens_of(const Samples& samples, std::int64_t sample) {
  std::vector<std::int64_t> tokens(static_cast<std::size_t>(samples.length(sample)));
  samples.copy(sample, 0, tokens);
  return tokens;
}

}  // namespace moebench::data
