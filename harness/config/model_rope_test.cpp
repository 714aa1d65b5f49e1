// Rotary embeddings as files write them, old and new.

#include <array>

#include "harness/config/cell.h"
#include "harness/config/config_testing.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

constexpr std::array kObjects = {"rope_scaling", "rope_parameters"};

// A model with further members, on its fifth line.
ModelConfig load_with(const std::string& members, const char* model = kTinyModel) {
  static const TestFolder folder;
  std::string text = model;
  text.insert(text.rfind('\n'), ",\n\t" + members);
  return load_model_config(folder.write("tiny.json", text));
}

RopeConfig rope(const std::string& json, const char* key = "rope_scaling",
                const char* model = kTinyModel) {
  return load_with(fmt::format("\"{}\": {}", key, json), model).rope;
}

TEST(ModelRope, IsTheDefaultOne) {
  for (const char* key : kObjects) {
    SCOPED_TRACE(key);
    const std::string begin = fmt::format("\"rope_theta\": 5.0, \"{}\": ", key);
    for (const char* unscaled :
         {"null", "{}", "{\"rope_type\": \"default\"}", "{\"type\": \"default\"}",
          "{\"type\": \"default\", \"rope_type\": \"default\", \"factor\": 1.0}",
          "{\"rope_type\": \"default\", \"partial_rotary_factor\": 1.0, \"factor\": null}",
          "{\"type\": \"linear\", \"factor\": 1.0}", "{\"rope_type\": \"linear\", \"factor\": 1}",
          "{\"type\": null, \"original_max_position_embeddings\": 1024}"}) {
      const ModelConfig model = load_with(begin + unscaled);
      EXPECT_EQ(model.rope_theta, 5) << unscaled;
      EXPECT_EQ(model.rope.scaling, RopeScaling::kNone) << unscaled;
      EXPECT_EQ(model.rope.factor, 1) << unscaled;
      EXPECT_EQ(model.rope.original_positions, 0) << unscaled;
    }
    EXPECT_EQ(load_with(begin + "{\"type\": \"default\", \"rope_theta\": 7}").rope_theta, 7);
  }
}

TEST(ModelRope, WhatIsNotComputedIsAnError) {
  for (const char* key : kObjects) {
    for (const char* scaled :
         {"{\"type\": \"linear\"}", "{\"type\": \"dynamic\", \"factor\": 4.0}",
          "{\"rope_type\": \"longrope\"}", "{\"rope_type\": \"none\"}",
          "{\"rope_type\": \"default\", \"type\": \"dynamic\"}", "{\"factor\": 4.0}",
          "{\"rope_type\": \"linear\", \"factor\": 4.0, \"beta_fast\": 32}",
          "{\"rope_type\": \"linear\", \"factor\": 0}",
          "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1}",
          "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, "
          "\"high_freq_factor\": 4}",
          "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"beta_fast\": 1, \"beta_slow\": 2}",
          "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"attention_factor\": 0}",
          "{\"rope_type\": \"yarn\"}", "{\"partial_rotary_factor\": 0.5}",
          "{\"full_attention\": {\"rope_type\": \"default\"}}", "{\"rope_type\": 1}", "\"linear\"",
          "[]"}) {
      EXPECT_THAT(error_of([&] { rope(scaled, key); }),
                  HasSubstr(std::string("tiny.json:5: key '") + key))
          << scaled;
    }
  }
  EXPECT_THAT(error_of([] { rope("{\"type\": \"dynamic\", \"factor\": 2}"); }),
              HasSubstr("key 'rope_scaling': unsupported type 'dynamic'; this version computes "
                        "\"default\", \"linear\", \"llama3\" and \"yarn\""));
  EXPECT_THAT(
      error_of([] { load_with("\"rope_scaling\": {}, \"rope_parameters\": {\"type\": 0}"); }),
      HasSubstr("remove one of the two"));
}

TEST(ModelRope, IsScaled) {
  EXPECT_EQ(rope("{\"type\": \"linear\", \"factor\": 4.0}").scaling, RopeScaling::kLinear);
  EXPECT_EQ(rope("{\"type\": \"linear\", \"factor\": 4.0}").factor, 4);
  const RopeConfig llama = rope(
      "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
      " \"original_max_position_embeddings\": 256}");
  EXPECT_EQ(llama.scaling, RopeScaling::kLlama3);
  EXPECT_EQ(llama.low_freq_factor, 1);
  EXPECT_EQ(llama.high_freq_factor, 4);
  EXPECT_EQ(llama.original_positions, 256);
}

TEST(ModelRope, IsScaledByYarn) {
  const RopeConfig plain = rope("{\"type\": \"yarn\", \"factor\": 4}", "rope_parameters");
  EXPECT_EQ(plain.scaling, RopeScaling::kYarn);
  EXPECT_EQ(plain.original_positions, 1024);  // as max_position_embeddings
  EXPECT_EQ(plain.beta_fast, 32);
  EXPECT_TRUE(plain.truncate);
  EXPECT_EQ(plain.attention_factor, 0);
  const RopeConfig full = rope(
      "{\"rope_type\": \"yarn\", \"factor\": null, \"original_max_position_embeddings\": 256,"
      " \"beta_fast\": 16, \"beta_slow\": 2, \"mscale\": 0.7, \"mscale_all_dim\": 0.8,"
      " \"truncate\": false, \"attention_factor\": 1.5}");
  EXPECT_EQ(full.factor, 4);  // 1024 / 256
  EXPECT_EQ(full.beta_fast, 16);
  EXPECT_EQ(full.beta_slow, 2);
  EXPECT_EQ(full.mscale, 0.7);
  EXPECT_EQ(full.mscale_all_dim, 0.8);
  EXPECT_FALSE(full.truncate);
  EXPECT_EQ(full.attention_factor, 1.5);
  const std::string top = "\"original_max_position_embeddings\": 512, \"rope_scaling\": ";
  EXPECT_EQ(load_with(top + "{\"type\": \"yarn\", \"factor\": 2}").rope.original_positions, 512);
}

TEST(ModelRope, TurnsAPartOfEachHeadOfGlm) {
  EXPECT_EQ(load_with("\"head_dim\": 32", kTinyGlm).rope.rotary_dim, 16);  // half, by default
  EXPECT_EQ(load_with("\"head_dim\": 32, \"partial_rotary_factor\": 0.25", kTinyGlm).rotary_dim(),
            8);
  EXPECT_EQ(load_with("\"partial_rotary_factor\": 1.0", kTinyGlm).rope.rotary_dim, 0);
  // What stands inside counts before what stands at the top.
  EXPECT_EQ(rope("{\"partial_rotary_factor\": 1.0}", "rope_parameters", kTinyGlm).rotary_dim, 0);
  EXPECT_EQ(load_with("\"partial_rotary_factor\": 1.0, \"rope_scaling\": {\"type\": \"linear\", "
                      "\"factor\": 2, \"partial_rotary_factor\": 0.5}",
                      kTinyGlm)
                .rope.rotary_dim,
            8);
  for (const char* wrong : {"0.1", "0.2", "0", "1.5", "1e300"}) {
    EXPECT_THAT(
        error_of([&] { load_with(std::string("\"partial_rotary_factor\": ") + wrong, kTinyGlm); }),
        HasSubstr("key 'partial_rotary_factor': "))
        << wrong;
  }
  EXPECT_THAT(error_of([] { load_with("\"head_dim\": 6", kTinyGlm); }),
              HasSubstr("key 'partial_rotary_factor', by default: 0.5 of head_dim 6 is 3"));
}

}  // namespace
}  // namespace moebench::config
