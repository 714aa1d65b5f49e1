#include "harness/data/encoded_text.h"

#include "harness/base/file.h"
#include "harness/data/data_testing.h"
#include "harness/data/samples.h"
#include "harness/testing/test_folder.h"

namespace moebench::data {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kKey = "0123456789abcdef";
constexpr std::size_t kTokenBytesAt = 56;

class EncodedTextTest : public ::testing::Test {
 protected:
  config::CellConfig cell(std::int64_t seq_len, const std::string& delimiter) const {
    config::CellConfig cell;
    cell.model.vocab_size = 256;
    cell.seq_len = seq_len;
    cell.data.source = config::DataSource::kText;
    cell.data.files = {"/text"};
    cell.data.delimiter = delimiter;
    cell.data.tokenizer = "/tokenizer.json";
    cell.data.encoded = path_.string();
    return cell;
  }
  std::string error() const {
    return error_of([&] { EncodedText{path_}; });
  }

  const fs::path path_ = test_folder() / "text.tokens";
};

TEST_F(EncodedTextTest, IsReadAsItWasWritten) {
  write_encoded_bytes(path_, kKey, {"abc", "", "d"});
  const EncodedText text(path_);
  EXPECT_EQ(text.key(), kKey);
  EXPECT_EQ(text.encoder(), "bytes");
  EXPECT_EQ(text.num_documents(), 3);
  EXPECT_EQ(text.num_tokens(), 4);
  EXPECT_EQ(text.document_end(1), 3);
  EXPECT_EQ(text.token(0), 'a');
  EXPECT_EQ(text.token(3), 'd');
}

TEST_F(EncodedTextTest, ReadsWiderTokens) {
  write_encoded_bytes(path_, kKey, {std::string_view("\x01\x02\x03\x04\xff\xff\x00\x00", 8)});
  std::string content = read_file(path_);
  content[kTokenBytesAt] = 4;
  content[kTokenBytesAt + 16] = 2;  // tokens
  content[kTokenBytesAt + 32] = 2;  // the document's end
  write_file_atomically(path_, content);
  const EncodedText text(path_);
  EXPECT_EQ(text.token(0), 0x04030201);
  EXPECT_EQ(text.token(1), 0xffff);
}

// A file that is cut off, of something else, or damaged.
TEST_F(EncodedTextTest, IsWholeOrAnError) {
  EXPECT_THAT(error(), HasSubstr("the text was not encoded"));
  write_encoded_bytes(path_, kKey, {"abc", "d"});
  const std::string whole = read_file(path_);
  for (const std::size_t size : {std::size_t{1}, std::size_t{60}, whole.size() - 1}) {
    write_file_atomically(path_, whole.substr(0, size));
    EXPECT_THAT(error(), HasSubstr("no whole file of encoded text; remove it")) << size;
  }
  for (const std::size_t at : {std::size_t{0}, kTokenBytesAt, kTokenBytesAt + 15,
                               kTokenBytesAt + 16, kTokenBytesAt + 23, kTokenBytesAt + 32}) {
    std::string damaged = whole;
    damaged[at] = '\x77';
    write_file_atomically(path_, damaged);
    EXPECT_THAT(error(), HasSubstr("no whole file of encoded text")) << at;
  }
}

TEST_F(EncodedTextTest, ASampleIsADocumentCutToItsLength) {
  write_encoded_bytes(path_, kKey, {"abcde", "", "f", "gh"});
  const auto samples = open_text_samples(cell(3, "\n\n"));
  EXPECT_EQ(samples->count(), 2);
  EXPECT_EQ(tokens_of(*samples, 0), (std::vector<std::int64_t>{'a', 'b', 'c'}));
  EXPECT_EQ(tokens_of(*samples, 1), (std::vector<std::int64_t>{'g', 'h'}));
  EXPECT_EQ(samples->num_unused(), 3) << "d, e, and f alone";
}

TEST_F(EncodedTextTest, WithoutADelimiterSamplesAreBlocks) {
  write_encoded_bytes(path_, kKey, {"abcdefg"});
  const auto samples = open_text_samples(cell(3, ""));
  EXPECT_EQ(samples->count(), 2);
  EXPECT_EQ(tokens_of(*samples, 1), (std::vector<std::int64_t>{'d', 'e', 'f'}));
  EXPECT_EQ(samples->num_unused(), 1);
}

TEST_F(EncodedTextTest, AVocabularyThatIsTooSmallSaysTheRemedy) {
  write_encoded_bytes(path_, kKey, {"abc", "def"});
  config::CellConfig small = cell(3, "\n\n");
  small.model.name = "toy";
  small.model.vocab_size = 200;
  EXPECT_THAT(error_of([&] { open_text_samples(small); }),
              HasSubstr("tokenizer '/tokenizer.json' makes token 255 of the text, but model 'toy' "
                        "has a vocabulary of 200; use the model's own tokenizer, or override the "
                        "model with 'vocab_size: 256' or more"));
}

TEST_F(EncodedTextTest, ItsPlaceFollowsFromTheData) {
  const config::CellConfig one = cell(3, "\n\n");
  config::CellConfig other = cell(5, "\n\n");
  other.model.vocab_size = 512;
  EXPECT_EQ(encoded_text_path(one, "/r"), encoded_text_path(other, "/r"));
  other.data.delimiter = "\n";
  EXPECT_NE(encoded_text_path(one, "/r"), encoded_text_path(other, "/r"));
  EXPECT_TRUE(needs_encoding(one));
  other.data.tokenizer.clear();
  EXPECT_FALSE(needs_encoding(other));
}

}  // namespace
}  // namespace moebench::data
