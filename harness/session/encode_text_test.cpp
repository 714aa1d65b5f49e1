#include "harness/session/encode_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "harness/base/file.h"
#include "harness/data/encoded_text.h"
#include "harness/testing/error_of.h"
#include "harness/testing/test_folder.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Words by their place in it, and one that stands for all others. What else it has takes no part:
// special tokens around a sample, and an end after two tokens.
constexpr const char* kTokenizer = R"({
  "version": "1.0",
  "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
  "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null,
              "pad_id": 0, "pad_type_id": 0, "pad_token": "<s>"},
  "added_tokens": [{"id": 0, "content": "<s>", "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true}],
  "normalizer": null,
  "pre_tokenizer": {"type": "Whitespace"},
  "post_processor": {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
  "decoder": null,
  "model": {"type": "WordLevel", "unk_token": "<unk>",
            "vocab": {"<s>": 0, "<unk>": 1, "the": 2, "cat": 3, "sat": 4, "naïve": 70000}}
})";

// Stands in for a Python that has the package: every byte stays a token.
constexpr const char* kStandIn = R"(#!/bin/sh
if [ $# = 2 ]; then echo "tokenizers ${STAND_IN_VERSION:-1.0}"; else cp "$4" "$5"; fi
)";

class EncodeText : public ::testing::Test {
 protected:
  EncodeText() {
    cell_.data.source = config::DataSource::kText;
    cell_.data.files = {write("text", "the cat\r\n\r\nsat\n\nna\xc3\xafve dog cat the")};
    cell_.data.tokenizer = write("tokenizer.json", kTokenizer);
    ::unsetenv("MOEBENCH_PYTHON");
    ::unsetenv("STAND_IN_VERSION");
  }
  ~EncodeText() override { ::unsetenv("MOEBENCH_PYTHON"); }

  std::string write(const std::string& name, const std::string& content) const {
    write_file_atomically(folder_ / name, content);
    return (folder_ / name).string();
  }
  void use_stand_in() const {
    const std::string program = write("python", kStandIn);
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("MOEBENCH_PYTHON", program.c_str(), 1);
  }

  // What it tells.
  std::string encode() const {
    std::ostringstream notes;
    EXPECT_TRUE(encode_texts({cell_, cell_}, folder_ / "results", notes));
    return notes.str();
  }
  std::string error() const {
    return error_of([&] { encode(); });
  }
  data::EncodedText encoded() const {
    return data::EncodedText(data::encoded_text_path(cell_, folder_ / "results"));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "results" / "tokens")) {
      names.push_back(entry.path().extension().string());
    }
    return names;
  }

  const fs::path folder_ = test_folder();
  config::CellConfig cell_;
};

TEST_F(EncodeText, IsDoneOnceAndLeavesOneFile) {
  use_stand_in();
  EXPECT_EQ(encode(),
            "data: encoding 32 bytes with " + cell_.data.tokenizer + " (tokenizers 1.0)\n");
  EXPECT_EQ(encoded().num_documents(), 3);
  EXPECT_EQ(encoded().document_end(0), 7) << "line ends are as in text without a tokenizer";
  EXPECT_EQ(files(), std::vector<std::string>{".tokens"});
  EXPECT_THAT(encode(), IsEmpty());
}

TEST_F(EncodeText, IsDoneAgainWhereWhatItFollowsFromChanges) {
  use_stand_in();
  encode();
  const std::string key = encoded().key();
  ::setenv("STAND_IN_VERSION", "1.1", 1);
  EXPECT_THAT(encode(), HasSubstr("(tokenizers 1.1)"));
  write("text", "the cat\n\nsat");
  EXPECT_THAT(encode(), HasSubstr("encoding 12 bytes"));
  EXPECT_EQ(encoded().num_documents(), 2);
  write("tokenizer.json", std::string(kTokenizer) + "\n");
  EXPECT_THAT(encode(), HasSubstr("encoding"));
  EXPECT_NE(encoded().key(), key);
  write_file_atomically(data::encoded_text_path(cell_, folder_ / "results"), "torn");
  EXPECT_THAT(encode(), HasSubstr("encoding"));
}

TEST_F(EncodeText, NothingIsAskedWhereNoCellNeedsIt) {
  ::setenv("MOEBENCH_PYTHON", "/nonexistent/python", 1);
  cell_.measure = config::Measure::kLoad;
  EXPECT_THAT(encode(), IsEmpty());
  cell_.measure = config::Measure::kTrain;
  cell_.engine.command = {"train"};
  EXPECT_THAT(encode(), IsEmpty());
  cell_.engine = {};
  cell_.data.tokenizer.clear();
  EXPECT_THAT(encode(), IsEmpty());
}

TEST_F(EncodeText, WithoutThePackageTheRemedyIsSaid) {
  ::setenv("MOEBENCH_PYTHON", "/nonexistent/python", 1);
  EXPECT_THAT(error(), AllOf(HasSubstr("MOEBENCH_PYTHON, '/nonexistent/python', is no program"),
                             HasSubstr("tools/setup --tokenizer or pip install tokenizers")));
  ::setenv("MOEBENCH_PYTHON", "/bin/false", 1);
  EXPECT_THAT(error(), HasSubstr("'/bin/false' has it not; install it"));
}

TEST_F(EncodeText, ATokenizerIsAFile) {
  use_stand_in();
  cell_.data.tokenizer = "/nonexistent/tokenizer.json";
  EXPECT_THAT(error(), HasSubstr("there is no tokenizer '/nonexistent/tokenizer.json'"));
  cell_.data.tokenizer = folder_.string();
  EXPECT_THAT(error(), HasSubstr("is the path of a tokenizer.json, no folder"));
}

// With the package itself.
class EncodeTextWithTokenizers : public EncodeText {
 protected:
  void SetUp() override {
    const std::string missing = error();
    if (missing.find("tools/setup --tokenizer") != std::string::npos) GTEST_SKIP() << missing;
    ASSERT_EQ(missing, "no error");
  }
};

TEST_F(EncodeTextWithTokenizers, EveryDocumentIsEncodedOnItsOwnWithoutSpecialTokens) {
  const data::EncodedText text = encoded();
  std::vector<std::int64_t> tokens;
  for (std::int64_t i = 0; i < text.num_tokens(); ++i) tokens.push_back(text.token(i));
  EXPECT_EQ(tokens, (std::vector<std::int64_t>{2, 3, 4, 70000, 1, 3, 2}));
  ASSERT_EQ(text.num_documents(), 3);
  EXPECT_EQ(text.document_end(0), 2);
  EXPECT_EQ(text.document_end(1), 3);
  EXPECT_EQ(text.largest_token(), 70000);
  EXPECT_THAT(text.encoder(), HasSubstr("tokenizers "));
}

TEST_F(EncodeTextWithTokenizers, SmallTokensTakeTwoBytes) {
  const auto size = [&] {
    return fs::file_size(data::encoded_text_path(cell_, folder_ / "results"));
  };
  const auto wide = size();
  write("text", "the cat\n\nsat\n\ndog dog cat the");
  encode();
  EXPECT_EQ(wide - size(), 2U * 7);
  EXPECT_EQ(encoded().token(6), 2);
}

TEST_F(EncodeTextWithTokenizers, WhatItRefusesIsSaidWithItsReason) {
  write("tokenizer.json", "{}");
  EXPECT_THAT(error(), AllOf(HasSubstr("cannot encode"), HasSubstr("is no tokenizer.json")));
  write("tokenizer.json", kTokenizer);
  write("text", "the\n\ncat \xe9");
  EXPECT_THAT(error(), HasSubstr("document 2 is no UTF-8 at its byte 5; convert the file"));
}

}  // namespace
}  // namespace moebench::session
