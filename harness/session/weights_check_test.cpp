#include "harness/session/weights_check.h"

#include <gmock/gmock.h>

#include "harness/base/file.h"
#include "harness/testing/error_of.h"
#include "harness/testing/models.h"
#include "harness/testing/test_folder.h"
#include "harness/weights/parameters.h"
#include "harness/weights/safetensors.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A file of zeros with the parameters that `wanted` says.
template <typename Wanted>
void write_weights(const fs::path& path, const config::ModelConfig& model, const Wanted& wanted) {
  std::vector<weights::NamedShape> tensors;
  std::int64_t num_elements = 0;
  for (const auto& parameter : weights::model_parameters(model)) {
    if (!wanted(parameter.name)) continue;
    tensors.push_back({parameter.name, parameter.shape});
    num_elements += parameter.num_elements();
  }
  weights::SafetensorsWriter writer(path, tensors, config::Dtype::kBf16);
  writer.append(std::vector<float>(static_cast<std::size_t>(num_elements)));
  writer.commit();
}

bool is_of_experts(const std::string& name) {
  return name.find("block_sparse_moe") != std::string::npos;
}

class WeightsCheck : public ::testing::Test {
 protected:
  WeightsCheck() {
    cell_.model = tiny_model();
    cell_.load_from = folder_.string();
  }
  std::string error(bool may_leave_host = false) const { return error_of({cell_}, may_leave_host); }
  std::string error_of(const std::vector<config::CellConfig>& cells, bool may_leave_host) const {
    Problems problems;
    check_weights(cells, may_leave_host, problems);
    return moebench::error_of([&] { problems.throw_if_any(); });
  }

  const fs::path folder_ = test_folder();
  config::CellConfig cell_;
};

TEST_F(WeightsCheck, PassesWhatIsWhole) {
  write_weights(folder_ / "model.safetensors", cell_.model, [](const auto&) { return true; });
  EXPECT_EQ(error(), "no error");
}

TEST_F(WeightsCheck, NamesWhatIsMissing) {
  EXPECT_THAT(error(), HasSubstr("holds neither"));
  write_weights(folder_ / "model.safetensors", cell_.model, is_of_experts);
  EXPECT_THAT(error(), HasSubstr("has no tensor 'model.embed_tokens.weight'"));
  cell_.load.tensors = config::LoadTensors::kExperts;
  EXPECT_EQ(error(), "no error");
}

TEST_F(WeightsCheck, TellsModelsOfOneNameApart) {
  write_weights(folder_ / "model.safetensors", cell_.model, [](const auto&) { return true; });
  cell_.model.path = "run1/final";
  config::CellConfig other = cell_;
  other.model.path = "run2/final";
  other.model.num_experts = 8;
  EXPECT_THAT(error_of({cell_, other}, false),
              HasSubstr("'model.layers.0.block_sparse_moe.gate.weight'"));
}

TEST_F(WeightsCheck, RefusesQuantisedWeights) {
  write_weights(folder_ / "model.safetensors", cell_.model, [](const auto&) { return true; });
  write_file_atomically(folder_ / "config.json",
                        "{\"quantization_config\": {\"quant_method\": \"mxfp4\"}}");
  EXPECT_THAT(error(), AllOf(HasSubstr("config.json: key 'quantization_config'"),
                             HasSubstr("quantised (mxfp4)")));
  write_file_atomically(folder_ / "config.json", "{}");
  EXPECT_EQ(error(), "no error");
}

// A scenario may override the model that a checkpoint is of.
TEST_F(WeightsCheck, AModelOfFewerLayersFits) {
  write_weights(folder_ / "model.safetensors", cell_.model, [](const auto&) { return true; });
  ASSERT_GT(cell_.model.num_layers, 1);
  cell_.model.num_layers -= 1;
  EXPECT_EQ(error(), "no error");
  cell_.model.num_layers += 2;
  cell_.model.name = "tiny(num_hidden_layers=3)";
  cell_.model.overridden = std::make_shared<const std::string>();
  EXPECT_THAT(error(), AllOf(HasSubstr("has no tensor 'model.layers."),
                             HasSubstr("or leave load_from out: the weights of "
                                       "tiny(num_hidden_layers=3) are seeded then")));
}

TEST_F(WeightsCheck, LeavesToTheRanksWhatIsTheirs) {
  cell_.resume_from = "/elsewhere";
  EXPECT_EQ(error(), "no error");
  cell_.resume_from.clear();
  cell_.load_from = "/nowhere/at-all";
  EXPECT_THAT(error(), HasSubstr("'/nowhere/at-all' does not exist"));
  EXPECT_EQ(error(/*may_leave_host=*/true), "no error");
  cell_.load_from.clear();
  EXPECT_EQ(error(), "no error");
}

}  // namespace
}  // namespace moebench::session
