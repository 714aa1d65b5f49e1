#include <algorithm>
#include <vector>

#include "harness/base/error.h"
#include "harness/data/encoded_text.h"
#include "harness/data/samples.h"

namespace moebench::data {
namespace {

// Has one sample a document, or with blocks one for every seq_len tokens of it.
class EncodedSamples : public Samples {
 public:
  EncodedSamples(EncodedText text, bool in_blocks, std::int64_t seq_len) : text_(std::move(text)) {
    std::int64_t begin = 0;
    for (std::int64_t i = 0; i < text_.num_documents(); ++i) {
      const std::int64_t end = text_.document_end(i);
      const std::int64_t last = in_blocks ? end : std::min(end, begin + seq_len);
      for (std::int64_t at = begin; at < last; at += seq_len) add(at, std::min(seq_len, last - at));
      num_unused_ += end - last;
      begin = end;
    }
  }

  std::int64_t count() const override { return std::ssize(pieces_); }

  std::int64_t num_unused() const override { return num_unused_; }

  std::int64_t length(std::int64_t sample) const override {
    return pieces_[static_cast<std::size_t>(sample)].length;
  }

  void copy(std::int64_t sample, std::int64_t begin, std::span<std::int64_t> out) const override {
    std::int64_t at = pieces_[static_cast<std::size_t>(sample)].begin + begin;
    for (std::int64_t& token : out) token = text_.token(at++);
  }

 private:
  struct Piece {
    std::int64_t begin, length;
  };

  void add(std::int64_t begin, std::int64_t length) {
    if (length >= 2) {
      pieces_.push_back({begin, length});
    } else {
      num_unused_ += length;
    }
  }

  EncodedText text_;
  std::vector<Piece> pieces_;
  std::int64_t num_unused_ = 0;
};

void check_vocabulary(const EncodedText& text, const config::CellConfig& cell) {
  if (text.largest_token() < cell.model.vocab_size) return;
  throw Error(
      "tokenizer '{}' makes token {} of the text, but model '{}' has a vocabulary of {}; use the "
      "model's own tokenizer, or override the model with 'vocab_size: {}' or more",
      cell.data.tokenizer, text.largest_token(), cell.model.name, cell.model.vocab_size,
      text.largest_token() + 1);
}

}  // namespace

std::unique_ptr<Samples> open_encoded_samples(const config::CellConfig& cell) {
  EncodedText text(cell.data.encoded);
  check_vocabulary(text, cell);
  auto samples =
      std::make_unique<EncodedSamples>(std::move(text), cell.data.delimiter.empty(), cell.seq_len);
  if (samples->count() == 0) {
    throw Error(
        "the text files, '{}' first, hold no sample of 2 tokens or more; check 'delimiter' and "
        "'files' of the scenario's data",
        cell.data.files.front());
  }
  return samples;
}

}  // namespace moebench::data
