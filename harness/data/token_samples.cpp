#include <algorithm>
#include <vector>

#include "harness/base/error.h"
#include "harness/data/input_file.h"
#include "harness/data/samples.h"

namespace moebench::data {
namespace {

// Little-endian unsigned integers of a mapped file, on a host of either byte order.
std::int64_t load_token(const unsigned char* at, std::size_t token_bytes) {
  std::uint32_t value = at[0] | static_cast<std::uint32_t>(at[1]) << 8;
  if (token_bytes == 4) {
    value |= static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24;
  }
  return value;
}

// The files' tokens, concatenated and cut into blocks of seq_len.
class TokenSamples : public Samples {
 public:
  TokenSamples(std::vector<MappedFile> files, std::size_t token_bytes, std::int64_t seq_len)
      : files_(std::move(files)), token_bytes_(token_bytes), seq_len_(seq_len) {
    for (const MappedFile& file : files_) {
      starts_.push_back(starts_.back() +
                        static_cast<std::int64_t>(file.bytes().size() / token_bytes_));
    }
  }

  std::int64_t count() const override {
    const std::int64_t last_block = starts_.back() % seq_len_;
    return starts_.back() / seq_len_ + (last_block >= 2 ? 1 : 0);
  }

  std::int64_t num_unused() const override { return starts_.back() % seq_len_ == 1 ? 1 : 0; }

  std::int64_t length(std::int64_t sample) const override {
    return std::min(seq_len_, starts_.back() - sample * seq_len_);
  }

  void copy(std::int64_t sample, std::int64_t begin, std::span<std::int64_t> out) const override {
    std::int64_t at = sample * seq_len_ + begin;
    // The last file that starts at or before `at`; no file is empty.
    auto file = std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin() - 1;
    for (std::int64_t& token : out) {
      if (at == starts_[static_cast<std::size_t>(file) + 1]) ++file;
      const auto index = static_cast<std::size_t>(file);
      const auto offset = static_cast<std::size_t>(at - starts_[index]) * token_bytes_;
      token = load_token(files_[index].bytes().data() + offset, token_bytes_);
      ++at;
    }
  }

 private:
  std::vector<MappedFile> files_;
  std::vector<std::int64_t> starts_ = {0};  // in tokens, of each file and of the end
  std::size_t token_bytes_;
  std::int64_t seq_len_;
};

std::size_t token_bytes_of(const std::string& token_dtype) {
  if (token_dtype == "uint16") return 2;
  if (token_dtype == "uint32") return 4;
  throw Error("unknown token_dtype '{}'; use uint16 or uint32", token_dtype);
}

void check_tokens(std::span<const unsigned char> bytes, const std::string& path,
                  const config::CellConfig& cell) {
  const std::size_t token_bytes = token_bytes_of(cell.data.token_dtype);
  if (bytes.size() % token_bytes != 0) {
    throw Error("tokens file '{}' has {} bytes, no multiple of {}; check 'token_dtype' ({})", path,
                bytes.size(), token_bytes, cell.data.token_dtype);
  }
  for (std::size_t at = 0; at < bytes.size(); at += token_bytes) {
    const std::int64_t token = load_token(bytes.data() + at, token_bytes);
    if (token < cell.model.vocab_size) continue;
    throw Error(
        "tokens file '{}': token {} at position {} is outside the vocabulary of {} of model '{}'; "
        "check 'token_dtype' ({}) and the tokenizer that wrote the file",
        path, token, at / token_bytes, cell.model.vocab_size, cell.model.name,
        cell.data.token_dtype);
  }
}

}  // namespace

std::unique_ptr<Samples> open_token_samples(const config::CellConfig& cell) {
  const std::size_t token_bytes = token_bytes_of(cell.data.token_dtype);
  std::vector<MappedFile> files = map_files(cell.data.files, "tokens");
  for (std::size_t i = 0; i < files.size(); ++i) {
    check_tokens(files[i].bytes(), cell.data.files[i], cell);
  }
  auto samples = std::make_unique<TokenSamples>(std::move(files), token_bytes, cell.seq_len);
  if (samples->count() == 0) {
    throw Error("the tokens files, '{}' first, hold a single token; training needs 2 or more",
                cell.data.files.front());
  }
  return samples;
}

}  // namespace moebench::data
