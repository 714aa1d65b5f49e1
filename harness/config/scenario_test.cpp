#include "harness/config/scenario.h"

#include <algorithm>
#include <map>

#include "harness/config/config_testing.h"
#include "harness/config/model_parts.h"

namespace moebench::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kScenarios = MOEBENCH_SCENARIO_FOLDER;

class ScenarioFile : public ::testing::Test {
 protected:
  ScenarioFile() { folder_.write("models/tiny.json", kTinyModel); }

  std::vector<Scenario> load(const std::string& text) {
    return load_scenarios(folder_.write("s.yaml", text));
  }
  // Without the temporary folder.
  std::string error(const std::string& text) {
    const std::string message = error_of([&] { load(text); });
    return message.substr(std::min(message.find("s.yaml"), message.size()));
  }
  std::string setting_error(const std::string& settings) {
    return error("scenarios: [{name: s, axes: {model: tiny}, settings: {" + settings + "}}]");
  }

  TestFolder folder_;
};

TEST_F(ScenarioFile, UnknownKeysNamePlaceAndSuggestion) {
  EXPECT_EQ(error("scenario: []"), "s.yaml:1: unknown key 'scenario'; did you mean 'scenarios'?");
  EXPECT_EQ(error("scenarios:\n- name: s\n  axis:\n    model: tiny\n"),
            "s.yaml:3: unknown key 'axis'; did you mean 'axes'?");
  EXPECT_EQ(error("scenarios:\n- name: s\n  axes:\n    modle: tiny\n"),
            "s.yaml:4: unknown axis 'modle'; did you mean 'model'?");
  EXPECT_EQ(setting_error("step: 3"), "s.yaml:1: unknown setting 'step'; did you mean 'steps'?");
  EXPECT_EQ(setting_error("seq_len: 3"),
            "s.yaml:1: unknown setting 'seq_len'; it is an axis: move it under 'axes'");
  EXPECT_EQ(error("defaults: {axis: {}}\nscenarios: []"),
            "s.yaml:1: unknown key 'axis'; did you mean 'axes'?");
}

TEST_F(ScenarioFile, AModelsConfigurationIsToldFromScenarios) {
  const auto path = folder_.path() / "models" / "tiny.json";
  EXPECT_THAT(error_of([&] { load_scenarios(path); }),
              AllOf(HasSubstr("tiny.json:"), HasSubstr("the file is a model's configuration"),
                    HasSubstr("moebench run quickstart --set model=" + path.string())));
}

TEST_F(ScenarioFile, MissingPartsAreNamed) {
  EXPECT_THAT(error("defaults: {}"), HasSubstr("key 'scenarios' is missing"));
  EXPECT_THAT(error("scenarios: []"), HasSubstr("the list is empty"));
  EXPECT_THAT(error("scenarios: [{axes: {model: tiny}}]"), HasSubstr("key 'name' is missing"));
  EXPECT_THAT(error("scenarios: [{name: s}]"), HasSubstr("axis 'model' is missing"));
  EXPECT_THAT(
      error("scenarios:\n- {name: s, axes: {model: tiny}}\n- {name: s, axes: {model: tiny}}"),
      HasSubstr("s.yaml:3: scenario 's' is written twice"));
  const auto missing = folder_.path() / "missing" / "s.yaml";
  EXPECT_THAT(error_of([&] { load_scenarios(missing); }), HasSubstr(missing.string()));
}

TEST_F(ScenarioFile, DefaultsDoNotLeak) {
  const auto scenarios = load(R"(
defaults:
  axes: {model: tiny, ranks: 2, packing: true}
  settings: {steps: 3, learning_rate: 1e-3, data: {source: synthetic, mean_length: 50}}
scenarios:
  - name: a
    slow: True
    axes: {ranks: 4, packing: False}
    settings: {steps: 5, data: {source: text, files: [t.txt], delimiter: "%"}}
  - name: b
    description: plain
)");
  ASSERT_EQ(scenarios.size(), 2u);
  const CellConfig& a = scenarios[0].cells[0];
  EXPECT_TRUE(scenarios[0].slow);
  EXPECT_EQ(a.scenario, "a");
  EXPECT_EQ(a.ranks, 4);
  EXPECT_FALSE(a.packing);
  EXPECT_EQ(a.steps, 5);
  EXPECT_EQ(a.learning_rate, 1e-3);
  EXPECT_THAT(a.data.files, ElementsAre((folder_.path() / "t.txt").string()));
  EXPECT_EQ(a.data.mean_length, 210);

  const CellConfig& b = scenarios[1].cells[0];
  EXPECT_FALSE(scenarios[1].slow);
  EXPECT_EQ(scenarios[1].description, "plain");
  EXPECT_EQ(b.ranks, 2);
  EXPECT_TRUE(b.packing);
  EXPECT_EQ(b.steps, 3);
  EXPECT_EQ(b.data.source, DataSource::kSynthetic);
  EXPECT_EQ(b.data.mean_length, 50);
  EXPECT_TRUE(b.data.files.empty());
}

TEST_F(ScenarioFile, ADefaultIsOneValue) {
  EXPECT_THAT(error("defaults: {axes: {ranks: [1, 2]}}\nscenarios: []"),
              HasSubstr("a default is one value"));
}

TEST_F(ScenarioFile, SettingsAreChecked) {
  EXPECT_THAT(setting_error("warmup_steps: 0"), HasSubstr("setting 'warmup_steps'"));
  EXPECT_THAT(setting_error("steps: 1.5"), HasSubstr("got '1.5'"));
  EXPECT_THAT(setting_error("adam_beta2: 1"), HasSubstr("not below 1"));
  EXPECT_THAT(setting_error("adam_epsilon: 0"), HasSubstr("more than 0"));
  EXPECT_THAT(setting_error("weight_decay: -1"), HasSubstr("negative"));
  EXPECT_THAT(setting_error("data: {source: text}"), HasSubstr("name them under 'files'"));
  EXPECT_THAT(setting_error("data: {source: synthetic, files: [a]}"),
              HasSubstr("only with source"));
  EXPECT_THAT(setting_error("data: {source: tokens, files: [a], token_dtype: int8}"),
              HasSubstr("use uint16 or uint32"));
  EXPECT_THAT(setting_error("data: {source: tokens, files: [a], tokenizer: t.json}"),
              HasSubstr("key 'tokenizer': has a meaning only with source text"));
  EXPECT_THAT(setting_error("data: {mean_length: 3}"), HasSubstr("key 'source' is missing"));
  EXPECT_THAT(setting_error("data: {source: synthetic, mean_length: 1}"), HasSubstr("from 2"));
  EXPECT_THAT(setting_error("checkpoint_every: -1"), HasSubstr("setting 'checkpoint_every'"));
  EXPECT_THAT(setting_error("resume_from: ''"), HasSubstr("an empty path"));
  EXPECT_EQ(setting_error("checkpoint_every: 0, keep_checkpoints: 0, resume_from: null"), "");
  EXPECT_EQ(setting_error("max_grad_norm: 0, time_limit_s: 1.5, progress_limit_s: 0, repeats: 3"),
            "");
}

TEST_F(ScenarioFile, PathsAreAbsolute) {
  const auto scenarios = load(
      "scenarios: [{name: s, axes: {model: tiny}, settings: {load_from: ../ckpt, "
      "resume_from: r, checkpoint_folder: c, data: {source: tokens, files: [/abs/x.bin, "
      "sub/./y.bin], token_dtype: uint32}}}]");
  const CellConfig& cell = scenarios[0].cells[0];
  EXPECT_EQ(cell.load_from, (folder_.path().parent_path() / "ckpt").string());
  EXPECT_EQ(cell.resume_from, (folder_.path() / "r").string());
  EXPECT_EQ(cell.checkpoint_folder, (folder_.path() / "c").string());
  EXPECT_THAT(cell.data.files, ElementsAre("/abs/x.bin", (folder_.path() / "sub/y.bin").string()));
  EXPECT_EQ(cell.data.token_dtype, "uint32");
}

// Where ranks find the tokens says nothing of what they train on.
TEST_F(ScenarioFile, ATokenizerIsPartOfACellAndItsTokensPlaceIsNot) {
  const auto read = [&](const std::string& tokenizer) {
    return load(
               "scenarios: [{name: s, axes: {model: tiny}, settings: {data: {source: text, files: "
               "text" +
               tokenizer + "}}}]")[0]
        .cells[0];
  };
  CellConfig cell = read(", tokenizer: t.json");
  EXPECT_EQ(cell.data.tokenizer, (folder_.path() / "t.json").string());
  EXPECT_NE(cell.id(), read("").id());
  EXPECT_EQ(read(", tokenizer: null").id(), read("").id());
  const std::string id = cell.id();
  cell.data.encoded = "/results/tokens/a.tokens";
  EXPECT_EQ(cell.id(), id);
  write_cell(cell, folder_.path() / "cell.yaml");
  const CellConfig again = read_cell(folder_.path() / "cell.yaml");
  EXPECT_EQ(again.id(), id);
  EXPECT_EQ(again.data.tokenizer, cell.data.tokenizer);
  EXPECT_EQ(again.data.encoded, cell.data.encoded);
}

TEST_F(ScenarioFile, ModelsAreFoundByNamePathOrFolder) {
  folder_.write("checkpoint/config.json", kTinyModel);
  folder_.write("models/X-v0.1.json", kTinyModel);
  const auto name_of = [&](const std::string& model) {
    return load("scenarios: [{name: s, axes: {model: '" + model + "'}}]")[0].cells[0].model.name;
  };
  EXPECT_EQ(name_of("tiny"), "tiny");
  EXPECT_EQ(name_of("models/tiny.json"), "tiny");
  EXPECT_EQ(name_of("checkpoint"), "checkpoint");
  EXPECT_EQ(name_of("org/X-v0.1"), "X-v0.1");
  EXPECT_EQ(name_of(folder_.path() / "checkpoint"), "checkpoint");
  EXPECT_THAT(error_of([&] { name_of("tony"); }), HasSubstr("did you mean 'tiny'?"));
  EXPECT_THAT(error_of([&] { name_of("no.json"); }), HasSubstr("no file"));
}

TEST(ShippedScenarios, AllLoad) {
  std::map<std::string, std::vector<std::size_t>> cells;
  for (const auto& entry : std::filesystem::directory_iterator(kScenarios)) {
    if (entry.path().extension() != ".yaml") continue;
    for (const Scenario& scenario : load_scenarios(entry.path())) {
      cells[entry.path().stem()].push_back(scenario.cells.size());
    }
  }
  EXPECT_THAT(cells["quickstart"], ElementsAre(4));
  EXPECT_THAT(cells["peers"], ElementsAre(5, 5));
  EXPECT_THAT(cells["fms-pr69"], ElementsAre(2));
  EXPECT_THAT(cells["sharding"], ElementsAre(3));
  EXPECT_THAT(cells["fms-anatomy"], ElementsAre(6));
}

// Their models have the auxiliary loss, as they had before there was a choice: so cells keep ids.
TEST(ShippedScenarios, TrainWithTheAuxiliaryLoss) {
  for (const auto& entry : std::filesystem::directory_iterator(kScenarios)) {
    if (entry.path().extension() != ".yaml") continue;
    for (const Scenario& scenario : load_scenarios(entry.path())) {
      for (const CellConfig& cell : scenario.cells) {
        EXPECT_TRUE(cell.router_aux_loss);
        EXPECT_THAT(cell.canonical_text(), Not(HasSubstr("\nrouter_aux_loss: ")));
      }
    }
  }
}

TEST(ShippedScenarios, AllModelsLoad) {
  for (const auto& entry : std::filesystem::directory_iterator(kScenarios / "models")) {
    const ModelConfig model = load_model_config(entry.path());
    EXPECT_EQ(model.name, entry.path().stem().string());
    // ep_degree 4, at least, divides the experts.
    EXPECT_EQ(model.num_experts % 4, 0) << model.name;
    EXPECT_EQ(model.output_router_logits, has_router_loss(model.type)) << model.name;
    EXPECT_EQ(model.router_aux_loss_coef > 0, has_router_loss(model.type)) << model.name;
    EXPECT_EQ(model.quantised, "") << model.name;
  }
}

TEST_F(ScenarioFile, NamesAreShortAndOnOneLine) {
  const auto name = [&](const std::string& text) {
    return error("scenarios: [{name: " + text + ", axes: {model: tiny}}]");
  };
  EXPECT_THAT(name(std::string(129, 'a')),
              HasSubstr("key 'name': is 129 bytes long; use at most 128"));
  EXPECT_THAT(name("\"a\\nb\""), HasSubstr("write it on one line"));
  EXPECT_THAT(error("scenarios: [{name: s, axes: {model: " + std::string(300, 'a') + "}}]"),
              HasSubstr("no model 'aaa"));
}

TEST_F(ScenarioFile, RepeatsMayGoOnUntilGainsAreTold) {
  const auto cell = [&](const std::string& settings) {
    return load("scenarios: [{name: s, axes: {model: tiny}, settings: {" + settings + "}}]")
        .front()
        .cells.front();
  };
  const CellConfig fixed = cell("repeats: 4");
  EXPECT_FALSE(fixed.repeats_auto);
  const CellConfig found = cell("gain_width: 0.02, max_repeats: 5, repeats: auto");
  EXPECT_TRUE(found.repeats_auto);
  EXPECT_EQ(found.repeats, 3);
  EXPECT_EQ(found.gain_width, 0.02);
  EXPECT_EQ(found.max_repeats, 5);
  EXPECT_EQ(found.id(), fixed.id()) << "no part of the cell's identity";
  EXPECT_THAT(setting_error("repeats: often"), HasSubstr("setting 'repeats'"));
  EXPECT_THAT(setting_error("gain_width: 5"), HasSubstr("5 is no share from 0.001 to 1"));
  EXPECT_THAT(setting_error("max_repeats: 2"), HasSubstr("at least 3"));
}

TEST_F(ScenarioFile, SettingsAreBounded) {
  EXPECT_THAT(setting_error("repeats: 1000000000"), HasSubstr("from 1 to 10000"));
  EXPECT_THAT(setting_error("threads_per_rank: 5000"), HasSubstr("from 1 to 4096"));
  EXPECT_THAT(setting_error("time_limit_s: 1e300"), HasSubstr("use at most 1e+09"));
  EXPECT_THAT(setting_error("progress_limit_s: 1e10"), HasSubstr("use at most 1e+09"));
  EXPECT_THAT(setting_error("collective_time_limit_s: 0"), HasSubstr("use more than 0"));
}

TEST_F(ScenarioFile, ADelimiterOfBackslashesIsRefused) {
  const auto delimiter = [&](const std::string& text) {
    return setting_error("data: {source: text, files: a, delimiter: " + text + "}");
  };
  EXPECT_THAT(
      delimiter("'\\n\\n'"),
      HasSubstr("key 'delimiter': '\\n\\n' is a backslash and a letter here, as YAML reads it "
                "without double quotes; write \"\\n\\n\""));
  EXPECT_THAT(delimiter("\\n%\\n"), HasSubstr("write \"\\n%\\n\""));
  EXPECT_EQ(delimiter("\"\\n\\n\""), "");
  EXPECT_EQ(delimiter("'\\newpage'"), "");
}

TEST_F(ScenarioFile, FindsAModelOfTheHuggingFaceCache) {
  const std::string scenario = "scenarios: [{name: s, axes: {model: ./models--org--moe}}]";
  const auto model = folder_.path() / "models--org--moe";
  const auto config = model / "snapshots" / "0abc" / "config.json";
  folder_.write(model / "refs" / "main", "0abc");
  folder_.write(model / "blobs" / "b", kTinyModel);
  std::filesystem::create_directories(config.parent_path());
  std::filesystem::create_symlink("../../blobs/b", config);
  EXPECT_EQ(load(scenario).at(0).cells.at(0).model.path, config.parent_path());
  std::filesystem::remove(model / "blobs" / "b");
  EXPECT_THAT(error_of([&] { load(scenario); }),
              ::testing::AllOf(HasSubstr("s.yaml:1: axis 'model': '" + config.string()),
                               HasSubstr("is not there; run 'hf download org/moe'")));
}

TEST_F(ScenarioFile, AModelThatIsNotThereConcernsItsScenarioAlone) {
  const auto scenarios = load(
      "scenarios:\n- {name: here, axes: {model: tiny}}\n- name: elsewhere\n  axes:\n"
      "    model: [tiny, giant]\n");
  ASSERT_EQ(scenarios.size(), 2u);
  EXPECT_EQ(scenarios[0].cannot_run, "");
  EXPECT_THAT(scenarios[1].cannot_run, HasSubstr("s.yaml:5: axis 'model': no model 'giant' in"));
  EXPECT_TRUE(scenarios[1].cells.empty());
  EXPECT_THAT(error("scenarios:\n- {name: a, axes: {model: tiny}}\n- {name: b, axis: {}}\n"),
              HasSubstr("unknown key 'axis'"))
      << "what is written wrongly is wrong, whatever is asked for";
}

TEST_F(ScenarioFile, ACellKnowsItsFile) {
  const auto scenarios =
      load("scenarios: [{name: a, axes: {model: tiny}}, {name: b, axes: {model: tiny}}]");
  const auto& file = *scenarios[1].cells[0].file;
  EXPECT_EQ(file.path, (folder_.path() / "s.yaml").string());
  EXPECT_THAT(file.scenarios, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace moebench::config
