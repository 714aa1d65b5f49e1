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

// Line ends as text is read everywhere: "\r\n" and "\r" are "\n".
void append_with_newlines(std::string_view bytes, std::string& text) {
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < bytes.size(); begin = end + 1) {
    end = std::min(bytes.find('\r', begin), bytes.size());
    text.append(bytes.substr(begin, end - begin));
    const bool is_alone = end + 1 >= bytes.size() || bytes[end + 1] != '\n';
    if (end < bytes.size() && is_alone) text += '\n';
  }
}

// Has one sample a piece of text; a token is a byte.
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

  void split_into_blocks(std::size_t seq_len) {
    const std::string_view text = text_;
    for (std::size_t at = 0; at < text.size(); at += seq_len) {
      add(text.substr(at, seq_len), seq_len);
    }
  }

  void split_at(const std::string& delimiter, std::size_t seq_len) {
    const std::string_view text = text_;
    std::size_t begin = 0;
    while (begin <= text.size()) {
      const std::size_t end = std::min(text.find(delimiter, begin), text.size());
      add(text.substr(begin, end - begin), seq_len);
      begin = end + delimiter.size();
    }
  }

  const std::string text_;
  std::vector<std::string_view> pieces_;  // into text_
  std::int64_t num_unused_ = 0;
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
    const auto* const bytes = reinterpret_cast<const char*>(file.bytes().data());
    append_with_newlines({bytes, file.bytes().size()}, text);
  }
  std::string delimiter;
  append_with_newlines(cell.data.delimiter, delimiter);
  auto samples = std::make_unique<TextSamples>(std::move(text), delimiter, cell.seq_len);
  if (samples->count() == 0) {
    throw Error(
        "the text files, '{}' first, hold no sample of 2 bytes or more; check 'delimiter' and "
        "'files' of the scenario's data",
        cell.data.files.front());
  }
  return samples;
}

}  // namespace moebench::data
