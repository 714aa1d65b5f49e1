#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/data/input_file.h"
#include "harness/data/samples.h"

namespace moebench::data {
namespace {

constexpr std::int64_t kNumByteValues = 256;

// One sample a piece of text; a token is a byte.
class TextSamples : public Samples {
 public:
  TextSamples(std::string text, const std::string& delimiter, std::int64_t seq_len)
      : text_(std::move(text)) {
    if (delimiter.empty()) {
      split_into_blocks(static_cast<std::size_t>(seq_len));
    } else {
      split_at(delimiter, static_cast<std::size_t>(seq_len));
    }
  }

  std::int64_t count() const override { return static_cast<std::int64_t>(pieces_.size()); }

  std::int64_t length(std::int64_t sample) const override {
    return static_cast<std::int64_t>(pieces_[static_cast<std::size_t>(sample)].size());
  }

  void copy(std::int64_t sample, std::int64_t begin, std::span<std::int64_t> out) const override {
    const std::string_view piece = pieces_[static_cast<std::size_t>(sample)];
    std::transform(piece.begin() + begin, piece.begin() + begin + std::ssize(out), out.begin(),
                   [](char byte) { return static_cast<unsigned char>(byte); });
  }

 private:
  void add(std::string_view piece) {
    if (piece.size() >= 2) pieces_.push_back(piece);
  }

  void split_into_blocks(std::size_t seq_len) {
    const std::string_view text = text_;
    for (std::size_t at = 0; at < text.size(); at += seq_len) add(text.substr(at, seq_len));
  }

  void split_at(const std::string& delimiter, std::size_t seq_len) {
    const std::string_view text = text_;
    std::size_t begin = 0;
    while (begin <= text.size()) {
      const std::size_t end = std::min(text.find(delimiter, begin), text.size());
      add(text.substr(begin, std::min(end - begin, seq_len)));
      begin = end + delimiter.size();
    }
  }

  const std::string text_;
  std::vector<std::string_view> pieces_;  // into text_
};

}  // namespace

std::unique_ptr<Samples> open_text_samples(const config::CellConfig& cell) {
  if (cell.model.vocab_size < kNumByteValues) {
    throw Error(
        "model '{}' has a vocabulary of {}, but text is read as bytes; use a model with a "
        "vocab_size of at least {}",
        cell.model.name, cell.model.vocab_size, kNumByteValues);
  }
  std::string text;
  for (const MappedFile& file : map_files(cell.data.files, "text")) {
    text.append(file.bytes().begin(), file.bytes().end());
  }
  auto samples = std::make_unique<TextSamples>(std::move(text), cell.data.delimiter, cell.seq_len);
  if (samples->count() == 0) {
    throw Error(
        "the text files, '{}' first, hold no sample of 2 bytes or more; check 'delimiter' and "
        "'files' of the scenario's data",
        cell.data.files.front());
  }
  return samples;
}

}  // namespace moebench::data
