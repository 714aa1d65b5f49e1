#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/data/samples.h"
#include "harness/data/text.h"

namespace moebench::data {
namespace {

constexpr std::int64_t kNumByteValues = 256;

// Has one sample a piece of text; a token is a byte.
class TextSamples : public Samples {
 public:
  TextSamples(std::string text, const config::DataConfig& data, std::int64_t seq_len)
      : text_(std::move(text)) {
    const auto size = static_cast<std::size_t>(seq_len);
    for (const std::string_view piece : split_text(text_, data)) {
      if (data.delimiter.empty()) {
        split_into_blocks(piece, size);
      } else {
        add(piece, size);
      }
    }
  }

  std::int64_t count() const override { return static_cast<std::int64_t>(pieces_.size()); }

  std::int64_t num_unused() const override { return num_unused_; }

  std::int64_t length(std::int64_t sample) const override {
    return static_cast<std::int64_t>(pieces_[static_cast<std::size_t>(sample)].size());
  }

  void copy(std::int64_t sample, std::int64_t begin, std::span<std::int64_t> out) const override {
    const std::string_view piece = pieces_[static_cast<std::size_t>(sample)];
    std::transform(piece.begin() + begin, piece.begin() + begin + std::ssize(out), out.begin(),
                   [](char byte) { return static_cast<unsigned char>(byte); });
  }

 private:
  void add(std::string_view whole, std::size_t seq_len) {
    const std::string_view piece = whole.substr(0, seq_len);
    if (piece.size() >= 2) pieces_.push_back(piece);
    num_unused_ += static_cast<std::int64_t>(whole.size() - (piece.size() >= 2 ? piece.size() : 0));
  }

  void split_into_blocks(std::string_view text, std::size_t seq_len) {
    for (std::size_t at = 0; at < text.size(); at += seq_len) {
      add(text.substr(at, seq_len), seq_len);
    }
  }

  const std::string text_;
  std::vector<std::string_view> pieces_;  // into text_
  std::int64_t num_unused_ = 0;
};

}  // namespace

std::unique_ptr<Samples> open_text_samples(const config::CellConfig& cell) {
  if (!cell.data.tokenizer.empty()) return open_encoded_samples(cell);
  if (cell.model.vocab_size < kNumByteValues) {
    throw Error(
        "model '{}' has a vocabulary of {}, but text is read as bytes; use a model with a "
        "vocab_size of at least {}, or name a tokenizer under 'data'",
        cell.model.name, cell.model.vocab_size, kNumByteValues);
  }
  auto samples = std::make_unique<TextSamples>(read_text(cell.data), cell.data, cell.seq_len);
  if (samples->count() == 0) {
    throw Error(
        "the text files, '{}' first, hold no sample of 2 bytes or more; check 'delimiter' and "
        "'files' of the scenario's data",
        cell.data.files.front());
  }
  return samples;
}

}  // namespace moebench::data
