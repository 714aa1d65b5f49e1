#include "harness/weights/safetensors.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "harness/base/bfloat16.h"
#include "harness/base/file.h"
#include "harness/weights/weights_testing.h"

namespace moebench::weights {
namespace {

using config::Dtype;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A file with this header and so many data bytes, which count 0, 1, 2, ...
std::filesystem::path file_of(const std::string& header, std::size_t num_data_bytes) {
  std::uint64_t length = header.size();
  std::string content(sizeof length, '\0');
  std::memcpy(content.data(), &length, sizeof length);
  content += header;
  for (std::size_t i = 0; i < num_data_bytes; ++i) content += static_cast<char>(i);
  const auto path = test_folder() / "hand-made.safetensors";
  write_file_atomically(path, content);
  return path;
}

std::string error_for(const std::string& header, std::size_t num_data_bytes) {
  const auto path = file_of(header, num_data_bytes);
  const std::string error = error_of([&] { SafetensorsReader reader(path); });
  EXPECT_THAT(error, HasSubstr(path.string()));
  return error;
}

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& range) {
  return R"({"dtype":")" + dtype + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + range +
         "]}";
}

std::vector<float> values_of(const SafetensorsReader& reader, const std::string& name,
                             std::int64_t begin, std::size_t count) {
  std::vector<float> values(count);
  reader.read(name, begin, values);
  return values;
}

class RoundTrip : public ::testing::TestWithParam<Dtype> {};

TEST_P(RoundTrip, GivesBackWhatWasWritten) {
  const auto path = test_folder() / "a.safetensors";
  std::vector<float> written(300'000);
  for (std::size_t i = 0; i < written.size(); ++i) written[i] = static_cast<float>(i) * 1.001f;
  SafetensorsWriter writer(path, {{"a", {2, 3}}, {"b", {299'994}}}, GetParam());
  const std::span<const float> all = written;
  writer.append(all.first(5));
  writer.append(all.subspan(5));
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.commit();
  if (GetParam() == Dtype::kBf16) {
    for (float& value : written) value = to_float(from_float<Bfloat16>(value));
  }
  const SafetensorsReader reader(path);
  EXPECT_EQ(reader.tensors().at("a").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(reader.tensors().at("a").offset % 8, 0);
  EXPECT_EQ(values_of(reader, "a", 0, 6), std::vector(written.begin(), written.begin() + 6));
  EXPECT_EQ(values_of(reader, "a", 4, 2), std::vector(written.begin() + 4, written.begin() + 6));
  EXPECT_EQ(values_of(reader, "b", 0, 299'994), std::vector(written.begin() + 6, written.end()));
  EXPECT_EQ(values_of(reader, "b", 299'990, 4), std::vector(written.end() - 4, written.end()));
}

INSTANTIATE_TEST_SUITE_P(Dtypes, RoundTrip, ::testing::Values(Dtype::kBf16, Dtype::kFp32),
                         [](const auto& instance) {
                           return instance.param == Dtype::kBf16 ? "Bf16" : "Fp32";
                         });

TEST(SafetensorsWriter, LeavesNothingWithoutCommit) {
  const auto folder = test_folder();
  {
    SafetensorsWriter writer(folder / "a.safetensors", {{"a", {4}}}, Dtype::kFp32);
    writer.append(std::vector<float>(2));
    EXPECT_EQ(names_in(folder).size(), 1u);
  }
  EXPECT_TRUE(names_in(folder).empty());
  EXPECT_THAT(error_of([&] {
                SafetensorsWriter(folder / "no" / "a", {{"a", {4}}}, Dtype::kFp32);
              }),
              HasSubstr((folder / "no" / "a").string()));
}

// A NaN's payload goes through as well, which a conversion to fp32 and back would change.
TEST(SafetensorsWriter, StoredBytesGoThroughUnchangedAndAllAreObserved) {
  const auto path = test_folder() / "a.safetensors";
  const std::vector<std::uint16_t> bits = {0x7f81, 0xffff, 0x0001, 0x8000};
  std::string observed;
  SafetensorsWriter writer(path, {{"a", {4}}}, Dtype::kBf16, [&](std::span<const std::byte> bytes) {
    observed.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  writer.append_stored(std::as_bytes(std::span(bits)));
  writer.commit();
  EXPECT_EQ(observed, read_file(path));
  std::vector<std::uint16_t> back(3);
  SafetensorsReader(path).read_stored("a", 2, std::as_writable_bytes(std::span(back)));
  EXPECT_THAT(back, ElementsAre(0xffff, 0x0001, 0x8000));
}

TEST(SafetensorsReader, ReadsEveryFormThatTheFormatAllows) {
  // Padding, metadata, a foreign dtype, an empty tensor, a scalar, order unlike the offsets'.
  const auto path =
      file_of(R"({"z":)" + tensor("I64", "1", "4,12") + R"(,"__metadata__":{"a":"b"},)" +
                  R"("s":)" + tensor("BF16", "", "2,4") + R"(,"e":)" +
                  tensor("F32", "0, 7", "2,2") + R"(,"h":)" + tensor("F16", "1", "0,2") + "}    ",
              12);
  const SafetensorsReader reader(path);
  EXPECT_EQ(reader.tensors().size(), 4u);
  EXPECT_TRUE(reader.tensors().at("s").shape.empty());
  EXPECT_EQ(values_of(reader, "s", 0, 1)[0], to_float(Bfloat16{0x0302}));
  EXPECT_TRUE(values_of(reader, "e", 0, 0).empty());
  EXPECT_TRUE(SafetensorsReader(file_of(R"({"__metadata__":null})", 0)).tensors().empty());
  EXPECT_FALSE(SafetensorsReader::can_convert(reader.tensors().at("z").dtype));
}

TEST(SafetensorsReader, ConvertsHalfPrecisionExactly) {
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff,
                                             0x8000, 0x7c00, 0xfc00, 0x3555, 0x7e00};
  const auto path = file_of(R"({"h":)" + tensor("F16", "10", "0,20") + "}", 20);
  std::string content = read_file(path);
  std::memcpy(content.data() + content.size() - 20, halves.data(), 20);
  write_file_atomically(path, content);
  const auto values = values_of(SafetensorsReader(path), "h", 0, 10);
  EXPECT_THAT(std::vector(values.begin(), values.end() - 1),
              ElementsAre(1.0f, -2.0f, 65504.0f, 0x1p-24f, -1023 * 0x1p-24f, -0.0f, INFINITY,
                          -INFINITY, 1365 * 0x1p-12f));
  EXPECT_TRUE(std::signbit(values[5]));
  EXPECT_TRUE(std::isnan(values[9]));
}

TEST(SafetensorsReader, RefusesHeadersThatAreNoObject) {
  EXPECT_THAT(error_for("[1]", 0), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(error_for(R"({"a":)", 0), HasSubstr("no well-formed JSON"));
  EXPECT_THAT(error_for("{\"\xff\":1}", 0), HasSubstr("no well-formed JSON"));
  EXPECT_THAT(error_for("{} x", 0), HasSubstr("no well-formed JSON"));
  EXPECT_THAT(error_for(R"({"__metadata__":{"a":1}})", 0), HasSubstr("from text to text"));
}

TEST(SafetensorsReader, RefusesDuplicateKeys) {
  const std::string a = tensor("U8", "1", "0,1");
  EXPECT_THAT(error_for(R"({"a":)" + a + R"(,"a":)" + a + "}", 1), HasSubstr("'a' appears twice"));
  EXPECT_THAT(error_for(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
              HasSubstr("'dtype' appears twice"));
}

TEST(SafetensorsReader, RefusesTensorsThatDoNotAddUp) {
  const auto error = [](const std::string& description, std::size_t num_data_bytes) {
    return error_for(R"({"a":)" + description + "}", num_data_bytes);
  };
  EXPECT_THAT(error("3", 0), HasSubstr("no object with a dtype"));
  EXPECT_THAT(error(R"({"shape":[1],"data_offsets":[0,1]})", 1),
              HasSubstr("no object with a dtype"));
  EXPECT_THAT(error(tensor("F31", "1", "0,4"), 4), HasSubstr("unknown dtype 'F31'"));
  EXPECT_THAT(error(tensor("F32", "-1", "0,4"), 4), HasSubstr("'shape' is no list"));
  EXPECT_THAT(error(tensor("F32", "1.0", "0,4"), 4), HasSubstr("'shape' is no list"));
  EXPECT_THAT(error(tensor("F32", "1", "0"), 4), HasSubstr("no range"));
  EXPECT_THAT(error(tensor("F32", "1", "4,0"), 4), HasSubstr("no range"));
  EXPECT_THAT(error(tensor("F32", "2, 3", "0,20"), 20), HasSubstr("F32 of shape [2, 3]"));
  EXPECT_THAT(error(tensor("F4", "1", "0,1"), 1), HasSubstr("does not fill"));
  EXPECT_THAT(error(tensor("F32", "4294967296, 4294967296", "0,0"), 0), HasSubstr("does not fill"));
  EXPECT_THAT(error(tensor("F32", "1", "0,18446744073709551615"), 4),
              HasSubstr("no list of whole"));
}

TEST(SafetensorsReader, RefusesHolesOverlapsAndTruncation) {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a":)" + tensor("U8", "4", a) + R"(,"b":)" + tensor("U8", "4", b) + "}";
  };
  EXPECT_THAT(error_for(two("0,4", "2,6"), 6), HasSubstr("tensor 'b' begins at byte 2"));
  EXPECT_THAT(error_for(two("0,4", "0,4"), 4), HasSubstr("begins at byte 0"));
  EXPECT_THAT(error_for(two("0,4", "5,9"), 9), HasSubstr("leaving a hole from byte 4"));
  EXPECT_THAT(error_for(two("1,5", "5,9"), 9), HasSubstr("leaving a hole from byte 0"));
  EXPECT_THAT(error_for(two("0,4", "4,8"), 9), HasSubstr("1 bytes that belong to no tensor"));
  EXPECT_THAT(error_for(two("0,4", "4,8"), 7),
              AllOf(HasSubstr("is truncated"), HasSubstr("promises 8"), HasSubstr("holds 7")));
}

TEST(SafetensorsReader, RefusesImpossibleHeaderLengths) {
  const auto path = test_folder() / "bad.safetensors";
  const auto error = [&](const std::string& content) {
    write_file_atomically(path, content);
    return error_of([&] { SafetensorsReader reader(path); });
  };
  EXPECT_THAT(error("1234567"), HasSubstr("7 bytes, too few"));
  EXPECT_THAT(error(std::string("\x10\0\0\0\0\0\0\0{}", 10)), HasSubstr("is truncated"));
  EXPECT_THAT(error("\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f{}"), HasSubstr("the format allows"));
  const auto missing = path.parent_path() / "missing.safetensors";
  EXPECT_THAT(error_of([&] { SafetensorsReader reader(missing); }), HasSubstr(missing.string()));
  EXPECT_THAT(error_of([&] { SafetensorsReader reader(path.parent_path()); }),
              HasSubstr("no regular file"));
}

TEST(SafetensorsReader, NoticesAFileCutShortWhileInUse) {
  const auto path = file_of(R"({"a":)" + tensor("F32", "4", "0,16") + "}", 16);
  const SafetensorsReader reader(path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4);
  EXPECT_NO_THROW(values_of(reader, "a", 0, 3));
  EXPECT_THAT(error_of([&] { values_of(reader, "a", 0, 4); }),
              AllOf(HasSubstr(path.string()), HasSubstr("cut short")));
}

}  // namespace
}  // namespace moebench::weights
