#include "harness/data/data_set.h"

#include <algorithm>
#include <numeric>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/data/input_file.h"
#include "harness/data/sample_order.h"
#include "harness/data/samples.h"

namespace moebench::data {
namespace {

// Says where the rows of a micro-batch lie in the endless order. ranks and grad_accumulation enter
// only as their product, so both ways to the same global batch see the same rows.
struct Layout {
  explicit Layout(const config::CellConfig& cell)
      : micro_batches_per_step(cell.ranks * cell.grad_accumulation),
        micro_batch(cell.micro_batch) {}

  std::int64_t first_row(std::int64_t step, std::int64_t index) const {
    MOEBENCH_CHECK(step >= 0 && index >= 0 && index < micro_batches_per_step);
    return (step * micro_batches_per_step + index) * micro_batch;
  }

  std::int64_t micro_batches_per_step;
  std::int64_t micro_batch;
};

MicroBatch allocate(std::int64_t first_row, std::vector<std::int64_t> lengths) {
  MicroBatch batch;
  batch.first_row = first_row;
  batch.num_samples = std::ssize(lengths);
  batch.length = *std::max_element(lengths.begin(), lengths.end());
  batch.tokens.assign(static_cast<std::size_t>(batch.num_samples * batch.length), 0);
  batch.lengths = std::move(lengths);
  return batch;
}

// The real tokens of a row.
std::span<std::int64_t> real_part(MicroBatch& batch, std::int64_t row) {
  const std::int64_t length = batch.lengths[static_cast<std::size_t>(row)];
  return {batch.tokens.data() + row * batch.length, static_cast<std::size_t>(length)};
}

DataFacts facts_of(const Samples& samples) {
  DataFacts facts{.num_samples = samples.count(), .num_unused_tokens = samples.num_unused()};
  for (std::int64_t i = 0; i < facts.num_samples; ++i) facts.num_tokens += samples.length(i);
  return facts;
}

// Holds one sample a row, padded.
class UnpackedDataSet : public DataSet {
 public:
  UnpackedDataSet(const config::CellConfig& cell, std::unique_ptr<Samples> samples)
      : layout_(cell), samples_(std::move(samples)), order_(cell.seed, samples_->count()) {}

  MicroBatch micro_batch(std::int64_t step, std::int64_t index) const override {
    const std::int64_t first = layout_.first_row(step, index);
    std::vector<std::int64_t> chosen;
    std::vector<std::int64_t> lengths;
    for (std::int64_t row = 0; row < layout_.micro_batch; ++row) {
      chosen.push_back(order_.at(first + row));
      lengths.push_back(samples_->length(chosen.back()));
    }
    MicroBatch batch = allocate(first, std::move(lengths));
    for (std::int64_t row = 0; row < layout_.micro_batch; ++row) {
      samples_->copy(chosen[static_cast<std::size_t>(row)], 0, real_part(batch, row));
    }
    return batch;
  }

  DataFacts facts() const override { return facts_of(*samples_); }

 private:
  Layout layout_;
  std::unique_ptr<Samples> samples_;
  SampleOrder order_;
};

// Rows of seq_len tokens cut from the stream of concatenated samples; no padding.
class PackedDataSet : public DataSet {
 public:
  PackedDataSet(const config::CellConfig& cell, std::unique_ptr<Samples> samples)
      : layout_(cell),
        seq_len_(cell.seq_len),
        samples_(std::move(samples)),
        stream_(cell.seed, *samples_) {}

  MicroBatch micro_batch(std::int64_t step, std::int64_t index) const override {
    const std::int64_t first = layout_.first_row(step, index);
    MicroBatch batch = allocate(
        first, std::vector<std::int64_t>(static_cast<std::size_t>(layout_.micro_batch), seq_len_));
    stream_.copy(first * seq_len_, batch.tokens);
    return batch;
  }

  DataFacts facts() const override { return facts_of(*samples_); }

 private:
  Layout layout_;
  std::int64_t seq_len_;
  std::unique_ptr<Samples> samples_;
  TokenStream stream_;
};

std::unique_ptr<Samples> open_samples(const config::CellConfig& cell) {
  switch (cell.data.source) {
    case config::DataSource::kSynthetic:
      return make_synthetic_samples(cell);
    case config::DataSource::kText:
      return open_text_samples(cell);
    case config::DataSource::kTokens:
      return open_token_samples(cell);
  }
  MOEBENCH_CHECK(false);
}

// A text that is one sample is nothing that anybody means: most often its delimiter does not occur.
void check_is_parted(const config::CellConfig& cell, const Samples& samples) {
  if (cell.data.source != config::DataSource::kText || samples.count() > 1) return;
  throw Error("all of the text, '{}' first, is one sample of {} {}, and {} are unused; {}",
              cell.data.files.front(), samples.length(0),
              cell.data.tokenizer.empty() ? "bytes" : "tokens", samples.num_unused(),
              cell.data.delimiter.empty() ? "give more text, or lower seq_len"
                                          : "correct 'delimiter' of the scenario's data (\"\\n\" "
                                            "in double quotes is a line end), or "
                                            "write \"\" for blocks of seq_len tokens");
}

std::unique_ptr<Samples> open_checked_samples(const config::CellConfig& cell) {
  if (cell.seq_len < 2) {
    throw Error("seq_len {} leaves no token to predict; use 2 or more", cell.seq_len);
  }
  std::unique_ptr<Samples> samples = open_samples(cell);
  check_is_parted(cell, *samples);
  return samples;
}

}  // namespace

std::int64_t MicroBatch::real_tokens() const {
  return std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
}

std::int64_t MicroBatch::padding_tokens() const { return num_samples * length - real_tokens(); }

std::int64_t MicroBatch::loss_tokens() const {
  std::int64_t sum = 0;
  for (std::int64_t row_length : lengths) sum += std::max<std::int64_t>(row_length - 1, 0);
  return sum;
}

std::unique_ptr<DataSet> open_data_set(const config::CellConfig& cell) {
  MOEBENCH_CHECK(cell.ranks >= 1 && cell.grad_accumulation >= 1 && cell.micro_batch >= 1);
  std::unique_ptr<Samples> samples = open_checked_samples(cell);
  if (cell.packing) return std::make_unique<PackedDataSet>(cell, std::move(samples));
  return std::make_unique<UnpackedDataSet>(cell, std::move(samples));
}

std::optional<DataFacts> check_data(const config::CellConfig& cell) {
  if (cell.data.source == config::DataSource::kSynthetic) return std::nullopt;
  if (!cell.data.tokenizer.empty()) return facts_of(*open_checked_samples(cell));
  std::uintmax_t num_bytes = 0;
  for (const MappedFile& file : map_files(cell.data.files, to_string(cell.data.source))) {
    num_bytes += file.bytes().size();
  }
  if (num_bytes > kMaxCheckedBytes) return std::nullopt;
  return facts_of(*open_checked_samples(cell));
}

std::string data_shortage(const config::CellConfig& cell, const DataFacts& facts) {
  if (facts.num_samples == 1) {
    return fmt::format("the data are one sample of {} tokens, which every row repeats",
                       facts.num_tokens);
  }
  const std::int64_t rows = cell.ranks * cell.grad_accumulation * cell.micro_batch;
  if (cell.packing) {
    if (facts.num_tokens / cell.seq_len >= rows) return "";
    return fmt::format("the data hold {} tokens, fewer than the {} of a step: it sees some again",
                       facts.num_tokens, rows * cell.seq_len);
  }
  if (facts.num_samples >= rows) return "";
  return fmt::format("the data hold {} samples, fewer than the {} of a step: it sees some again",
                     facts.num_samples, rows);
}

}  // namespace moebench::data
