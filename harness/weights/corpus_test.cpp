// Every hand-made file of the corpus, which the fuzzer starts from: good ones open, bad ones are
// refused with the reason.
#include <gmock/gmock.h>
#include <unistd.h>

#include <map>

#include "harness/base/file.h"
#include "harness/weights/checkpoint_files.h"
#include "harness/weights/weights_testing.h"

namespace moebench::weights {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::string>& reasons() {
  static const std::map<std::string, std::string> reasons = {
      {"bad-deep-nesting", "no object with a dtype"},
      {"bad-dtype", "unknown dtype 'F31'"},
      {"bad-duplicate-member", "'dtype' appears twice"},
      {"bad-duplicate-tensor", "'a' appears twice"},
      {"bad-half-byte", "does not fill its 1 bytes"},
      {"bad-hole", "leaving a hole from byte 4"},
      {"bad-json", "no well-formed JSON"},
      {"bad-left-over", "1 bytes that belong to no tensor"},
      {"bad-length-4gib", "would have 4294967296 bytes"},
      {"bad-length-beyond-file", "is truncated"},
      {"bad-lfs-pointer", "is a pointer that git-lfs left in place of the file"},
      {"bad-length-max", "would have 18446744073709551615 bytes"},
      {"bad-metadata", "no map from text to text"},
      {"bad-no-bytes", "0 bytes, too few"},
      {"bad-not-an-object", "does not begin with '{'"},
      {"bad-offsets-beyond-data", "promises 8 bytes of tensors, it holds 4"},
      {"bad-offsets-overflow", "'data_offsets' is no list of whole numbers"},
      {"bad-offsets-reversed", "no range [begin, end]"},
      {"bad-overlap", "begins at byte 2 of the data, inside"},
      {"bad-shape-fraction", "'shape' is no list of whole numbers"},
      {"bad-shape-negative", "'shape' is no list of whole numbers"},
      {"bad-shape-overflow", "does not fill its 0 bytes"},
      {"bad-shape-size", "F32 of shape [2, 3] does not fill its 20 bytes"},
      {"bad-short", "3 bytes, too few"},
      {"bad-utf8", "no well-formed JSON"}};
  return reasons;
}

TEST(Corpus, GoodFilesOpenAndBadOnesAreRefusedWithTheReason) {
  std::size_t num_bad = 0;
  for (const auto& entry : fs::directory_iterator(MOEBENCH_CORPUS_FOLDER)) {
    const std::string name = entry.path().filename().string();
    const std::string error = error_of([&] { SafetensorsReader reader(entry.path()); });
    if (name.starts_with("good-")) {
      EXPECT_EQ(error, "no error") << name;
      continue;
    }
    ++num_bad;
    ASSERT_TRUE(reasons().contains(name)) << name;
    EXPECT_THAT(error, ::testing::HasSubstr(reasons().at(name))) << name;
    EXPECT_THAT(error, ::testing::HasSubstr(entry.path().string()));
  }
  EXPECT_EQ(num_bad, reasons().size());
}

TEST(Corpus, OnlyTensorsThatConvertAreFound) {
  CheckpointFiles files(fs::path(MOEBENCH_CORPUS_FOLDER) / "good-all-dtypes");
  for (const char* name : {"c", "d", "e", "f"}) {
    EXPECT_EQ(files.find(name, {2}).info.shape, std::vector<std::int64_t>{2}) << name;
  }
  EXPECT_THAT(error_of([&] { files.find("g", {1}); }),
              ::testing::HasSubstr("tensor 'g' is of dtype I64; save it as one of F64, F32"));
}

TEST(Corpus, OnesThatDoNotConvertAreInNobodysWay) {
  CheckpointFiles files(fs::path(MOEBENCH_CORPUS_FOLDER) / "good-fnuz");
  EXPECT_EQ(files.find("c", {1}).type, SourceType::kF16);
  EXPECT_THAT(error_of([&] { files.find("a", {2}); }),
              ::testing::HasSubstr("tensor 'a' is of dtype F8_E4M3FNUZ; save it as one of F64"));
}

TEST(CheckpointFiles, RefusesQuantisedTensors) {
  const auto folder = test_folder();
  const std::string scale =
      R"("w.weight_scale_inv":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})";
  const std::string header =
      R"({"w.weight":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]},)" + scale + "}";
  std::string content(8, '\0');
  content[0] = static_cast<char>(header.size());
  write_file_atomically(folder / "model.safetensors", content + header + std::string(8, 'x'));
  EXPECT_THAT(error_of([&] { CheckpointFiles(folder).find("w.weight", {4}); }),
              ::testing::AllOf(::testing::HasSubstr("'w.weight' is quantised"),
                               ::testing::HasSubstr("'w.weight_scale_inv'")));
}

TEST(CheckpointFiles, RefusesAFileThatCannotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const auto folder = test_folder();
  write_file_atomically(folder / "model.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10));
  fs::permissions(folder / "model.safetensors", fs::perms::none);
  EXPECT_THAT(error_of([&] { CheckpointFiles(folder).find("a", {1}); }),
              ::testing::AllOf(::testing::HasSubstr("model.safetensors"),
                               ::testing::HasSubstr("Permission denied")));
}

}  // namespace
}  // namespace moebench::weights
