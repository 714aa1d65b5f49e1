#include "harness/checkpoint/manifest.h"

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/checkpoint/checkpoint_testing.h"
#include "harness/checkpoint/content_hash.h"

namespace moebench::checkpoint {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

Manifest small_manifest() {
  Manifest manifest{.step = 7,
                    .next_data_step = 8,
                    .micro_batches_per_step = 6,
                    .dtype = config::Dtype::kFp32,
                    .cell = test_cell().identity_fields()};
  for (int rank = 0; rank < 2; ++rank) {
    ShardFile file{.name = "rank_" + std::to_string(rank), .num_bytes = 99, .hash = "ab"};
    for (const Quantity quantity : kQuantities) file.pieces.push_back({quantity, "a", 5 * rank, 5});
    manifest.files.push_back(file);
  }
  return manifest;
}

// The error about a manifest whose content `change` altered, hash included.
template <typename Change>
std::string error_after(const Change& change) {
  json document = json::parse(to_json(small_manifest()));
  change(document["content"]);
  const std::string content = document["content"].dump();
  document["content_hash"] = hash_of(std::as_bytes(std::span(content)));
  return error_of([&] { parse_manifest(document.dump(), "/c/manifest.json"); });
}

TEST(ContentHash, IsXxh3AndDoesNotDependOnTheBlocks) {
  // The hash of no bytes is as the reference implementation has it.
  EXPECT_EQ(hash_of({}), "99aa06d3014798d86001c324468d497f");
  const std::string text = "some bytes that go in one by one";
  ContentHash hash;
  for (const char& byte : text) hash.add(std::as_bytes(std::span(&byte, 1)));
  EXPECT_EQ(hash.hex(), hash_of(std::as_bytes(std::span(text))));
  const auto path = test_folder() += ".txt";
  write_file_atomically(path, text);
  EXPECT_EQ(hash_of_file(path), hash.hex());
}

TEST(Manifest, IsReadBackUnchanged) {
  const std::string text = to_json(small_manifest());
  const Manifest back = parse_manifest(text, "m");
  EXPECT_EQ(to_json(back), text);
  EXPECT_EQ(back.step, 7);
  EXPECT_EQ(back.next_data_step, 8);
  EXPECT_EQ(back.files[1].pieces[2].tensor_name(), "exp_avg_sq:a[5:10]");
}

TEST(Manifest, AnyAlteredByteIsFound) {
  const std::string text = to_json(small_manifest());
  std::string altered = text;
  altered[altered.find("\"begin\": 5") + 9] = '6';
  EXPECT_THAT(error_of([&] { parse_manifest(altered, "/c/manifest.json"); }),
              AllOf(HasSubstr("'/c/manifest.json' was altered or damaged"), HasSubstr("copy")));
  EXPECT_THAT(
      error_of([&] { parse_manifest(text.substr(0, text.size() / 2), "/c/manifest.json"); }),
      HasSubstr("'/c/manifest.json'"));
  EXPECT_THAT(error_of([&] { parse_manifest("", "/c/manifest.json"); }), HasSubstr("JSON"));
}

TEST(Manifest, ForeignFilesAndVersionsAreNamed) {
  EXPECT_THAT(error_of([] { parse_manifest(R"({"weights": []})", "/c/manifest.json"); }),
              HasSubstr("'/c/manifest.json' belongs to no checkpoint of moebench"));
  json document = json::parse(to_json(small_manifest()));
  document["format_version"] = 2;
  EXPECT_THAT(error_of([&] { parse_manifest(document.dump(), "m"); }),
              HasSubstr("format version 2, this build reads 1"));
}

TEST(Manifest, WrongMembersAreNamed) {
  EXPECT_THAT(error_after([](json& content) { content.erase("step"); }),
              HasSubstr("content.step:"));
  EXPECT_THAT(error_after([](json& content) { content["step"] = -1; }), HasSubstr("content.step:"));
  EXPECT_THAT(error_after([](json& content) { content["data"]["next_step"] = "8"; }),
              HasSubstr("data.next_step"));
  EXPECT_THAT(error_after([](json& content) { content["dtype"] = "fp8"; }), HasSubstr("dtype"));
  EXPECT_THAT(error_after([](json& content) { content["files"] = json::array(); }),
              HasSubstr("files"));
  EXPECT_THAT(error_after([](json& content) { content["files"][1]["name"] = "../../x"; }),
              HasSubstr("files[1]: name"));
  EXPECT_THAT(error_after([](json& content) { content["files"][0]["pieces"][0]["count"] = 0; }),
              HasSubstr("files[0], pieces: count"));
  EXPECT_THAT(
      error_after([](json& content) { content["files"][0]["pieces"][0]["quantity"] = "x"; }),
      HasSubstr("quantity"));
}

TEST(Manifest, PiecesCoverEverythingOnce) {
  EXPECT_THAT(error_after([](json& content) { content["files"].erase(1); }), HasSubstr("no error"))
      << "a shorter parameter; whoever reads it knows its size";
  EXPECT_THAT(error_after([](json& content) {
                content["files"].push_back(
                    {{"name", "x"}, {"bytes", 8}, {"hash", "a"}, {"pieces", json::array()}});
              }),
              HasSubstr("no error"))
      << "a rank may hold padding alone";
  EXPECT_THAT(error_after([](json& content) { content["files"].erase(0); }),
              HasSubstr("'a' has no or two values from element 0 on"));
  EXPECT_THAT(error_after([](json& content) { content["files"][1]["pieces"][1]["begin"] = 4; }),
              HasSubstr("exp_avg of 'a' has no or two values from element 4 on"));
  EXPECT_THAT(error_after([](json& content) { content["files"][1]["pieces"].erase(2); }),
              HasSubstr("'a' has 10 values but moments of 10 and 5"));
}

std::string refusal(const std::function<void(config::CellConfig&)>& change) {
  config::CellConfig cell = test_cell();
  change(cell);
  return error_of([&] { check_continues(small_manifest(), cell, "/c/step_7"); });
}

TEST(CheckContinues, AcceptsAnotherArrangementOfTheSameTraining) {
  EXPECT_EQ(refusal([](auto& cell) {
              cell.ranks = 6;
              cell.grad_accumulation = 1;
              cell.parallelism = config::Parallelism::kEp;
              cell.ep_degree = 2;
              cell.expert_kernel = config::ExpertKernel::kGrouped;
              cell.activation_checkpointing = true;
              cell.steps = 99;
              cell.warmup_steps = 0;
              cell.threads_per_rank = 3;
              cell.load_from = "/elsewhere";
              cell.checkpoint_every = 4;
              cell.resume_from = "/c";
            }),
            "no error");
}

TEST(CheckContinues, ListsAllThatMustAgree) {
  EXPECT_THAT(refusal([](auto& cell) {
                cell.seed = 6;
                cell.learning_rate = 1;
                cell.dtype = config::Dtype::kBf16;
                cell.model.num_layers = 9;
                cell.data.mean_length = 3;
              }),
              AllOf(HasSubstr("'/c/step_7' was trained with"), HasSubstr("seed 5 (this cell: 6)"),
                    HasSubstr("learning_rate"), HasSubstr("dtype fp32 (this cell: bf16)"),
                    HasSubstr("model.num_layers"), HasSubstr("data.mean_length")));
  EXPECT_THAT(refusal([](auto& cell) { cell.ranks = 4; }),
              AllOf(HasSubstr("trains 6 micro-batches"), HasSubstr("product is 6")));
}

TEST(CheckContinues, AFieldThatTheManifestLacksWasAtItsInitialValue) {
  Manifest older = small_manifest();
  std::erase_if(older.cell, [](const auto& field) { return field.first == "packing"; });
  config::CellConfig cell = test_cell();
  EXPECT_EQ(error_of([&] { check_continues(older, cell, "c"); }), "no error");
  cell.packing = true;
  EXPECT_THAT(error_of([&] { check_continues(older, cell, "c"); }),
              HasSubstr("packing false (this cell: true)"));
}

TEST(CheckContinues, AManifestOfTheFirstFormatIsReadAndContinued) {
  const std::filesystem::path folder = MOEBENCH_FIRST_FORMAT_FOLDER;
  const std::string path = folder / "manifest.json";
  const Manifest manifest = parse_manifest(read_file(path), path);
  EXPECT_EQ(manifest.step, 3);
  EXPECT_EQ(manifest.files.size(), 2U);
  config::CellConfig cell = config::read_cell(folder / "cell_odd.yaml");
  EXPECT_EQ(error_of([&] { check_continues(manifest, cell, "c"); }), "no error");
  cell.seed = 1;
  EXPECT_THAT(error_of([&] { check_continues(manifest, cell, "c"); }),
              HasSubstr("trained with seed 18446744073709551615 (this cell: 1);"));
}

TEST(CheckContinues, AFieldOfALaterVersionIsRefused) {
  Manifest newer = small_manifest();
  newer.cell.emplace_back("tune", "3");
  EXPECT_THAT(error_of([&] { check_continues(newer, test_cell(), "c"); }),
              HasSubstr("tune 3 (this version knows no such field)"));
}

}  // namespace
}  // namespace moebench::checkpoint
