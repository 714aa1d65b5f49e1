#include "harness/config/engines.h"

#include "harness/base/error.h"
#include "harness/config/config_testing.h"
#include "harness/config/placeholders.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class EngineFile : public ::testing::Test {
 protected:
  EngineFile() { folder_.write("models/tiny.json", kTinyModel); }

  // Of one scenario, whose text is indented by four.
  std::vector<CellConfig> cells(const std::string& engines, const std::string& scenario) const {
    return load_scenarios(folder_.write("file.yaml", "engines:\n" + engines +
                                                         "scenarios:\n  - name: s\n" + scenario))
        .front()
        .cells;
  }

  std::string error(const std::string& engines, const std::string& scenario) const {
    return error_of([&] { cells(engines, scenario); });
  }

  TestFolder folder_;
};

constexpr const char* kEngine =
    "  mine:\n"
    "    command: [./train, --mode, \"{parallelism}\", --ranks, \"{world_size}\", "
    "\"{recompute}\"]\n"
    "    environment: {SEED: \"s{seed}\"}\n";

TEST_F(EngineFile, FillsInWhatTheCellSays) {
  const auto all = cells(kEngine,
                         "    axes: {engine: mine, parallelism: [fsdp, ep], ranks: 2, seed: 7}\n"
                         "    parameters: {recompute: [full, selective]}\n");
  ASSERT_EQ(all.size(), 4u);
  const EngineConfig& engine = all[3].engine;
  const std::string program = (folder_.path() / "train").string();
  EXPECT_THAT(engine.command, ElementsAre(program, "--mode", "ep", "--ranks", "2", "selective"));
  EXPECT_THAT(engine.environment, ElementsAre("SEED=s7"));
  EXPECT_THAT(engine.parameters, ElementsAre("recompute=selective"));
  EXPECT_NE(all[2].id(), all[3].id()) << "a parameter is part of the identity";
}

TEST_F(EngineFile, StatesTheAxesThatTheEngineTakesAndItsParameters) {
  const auto all = cells(kEngine,
                         "    axes: {engine: mine, parallelism: ep, ranks: 2, seed: 7}\n"
                         "    parameters: {recompute: full}\n");
  EXPECT_THAT(all[0].axes(),
              ElementsAre(Pair("engine", "mine"), Pair("parallelism", "ep"), Pair("ranks", "2"),
                          Pair("seed", "7"), Pair("recompute", "full")));
}

TEST_F(EngineFile, AParameterIsOfTheEnginesThatUseIt) {
  const auto all = cells(kEngine,
                         "    axes: {engine: [builtin, mine], model: tiny, ranks: 2}\n"
                         "    parameters: {recompute: [full, selective]}\n");
  ASSERT_EQ(all.size(), 3u) << "the built-in engine knows no recompute";
  EXPECT_THAT(all[0].axes(), Not(Contains(Pair("recompute", "full"))));
  EXPECT_TRUE(all[0].engine.is_builtin());
  EXPECT_THAT(error("  mine: {command: [./train]}\n",
                    "    axes: {engine: mine}\n    parameters: {recompute: full}\n"),
              AllOf(HasSubstr("file.yaml:6"), HasSubstr("no engine of the scenario's cells uses "
                                                        "parameter 'recompute'")));
}

TEST_F(EngineFile, TheBuiltInOneIsNoPartOfAnId) {
  const std::string axes = "model: tiny, ranks: 2";
  const auto plain = load_scenarios(
      folder_.write("plain.yaml", "scenarios:\n  - name: s\n    axes: {" + axes + "}\n"));
  const auto all = cells(kEngine, "    axes: {engine: builtin, " + axes + "}\n");
  EXPECT_EQ(all[0].id(), plain.front().cells[0].id());
}

TEST_F(EngineFile, WordsOfItsOwnStandForValues) {
  const std::string engine =
      "  mine:\n"
      "    command: [train, \"{parallelism}\", \"{activation_checkpointing}\", \"x={packing}\"]\n"
      "    values:\n"
      "      parallelism: {fsdp: [--shard, full], ep: --experts}\n"
      "      activation_checkpointing: {\"true\": --recompute, \"false\": null}\n";
  const auto all = cells(engine,
                         "    axes:\n"
                         "      engine: mine\n"
                         "      parallelism: [fsdp, ep]\n"
                         "      activation_checkpointing: [true, false]\n");
  EXPECT_THAT(all[0].engine.command,
              ElementsAre("train", "--shard", "full", "--recompute", "x=false"));
  EXPECT_THAT(all[3].engine.command, ElementsAre("train", "--experts", "x=false"));
  EXPECT_THAT(error(engine, "    axes: {engine: mine, parallelism: hsdp, ranks: 4}\n"),
              AllOf(HasSubstr("file.yaml:3"), HasSubstr("no word for parallelism hsdp")));
}

TEST_F(EngineFile, WhatAnEngineCannotDoIsRefusedBeforeAStart) {
  const std::string fsdp_only =
      "  mine:\n    command: [train]\n    provides: {parallelism: fsdp, expert_kernel: grouped}\n";
  EXPECT_THAT(error(fsdp_only, "    axes: {engine: mine, parallelism: ep, ranks: 2}\n"),
              AllOf(HasSubstr("file.yaml:2: engine 'mine'"),
                    HasSubstr("cannot do parallelism ep, "
                              "only fsdp"),
                    HasSubstr("exclude: [{engine: mine, parallelism: ep}]")));
  EXPECT_THAT(error(fsdp_only, "    axes: {engine: mine, ranks: 2, seq_len: 64}\n"),
              HasSubstr("takes no notice of axis 'seq_len'"));
  const auto all = cells(fsdp_only, "    axes: {engine: mine, ranks: 2}\n");
  EXPECT_EQ(all[0].expert_kernel, ExpertKernel::kGrouped) << "the one value that it can";
}

TEST_F(EngineFile, ErrorsNamePlaceAndRemedy) {
  const auto of = [&](const std::string& engine) {
    return error("  mine: " + engine + "\n", "    axes: {engine: mine}\n");
  };
  EXPECT_THAT(of("{command: [train, \"{sed}\"]}"),
              AllOf(HasSubstr("file.yaml:2"), HasSubstr("unknown placeholder '{sed}'; did you mean "
                                                        "'seed'?")));
  EXPECT_THAT(of("{command: [train, \"{seed\"]}"), HasSubstr("without its partner"));
  EXPECT_THAT(of("{command: []}"), HasSubstr("write the program and its arguments"));
  EXPECT_THAT(of("{comand: [train]}"), HasSubstr("command"));
  EXPECT_THAT(of("{command: [train], environment: {RANK: 1}}"), HasSubstr("is set by moebench"));
  EXPECT_THAT(of("{command: [train, \"{load_from}\"]}"), HasSubstr("is not set in this scenario"));
  EXPECT_THAT(of("{command: [train], values: {color: {red: 1}}}"), HasSubstr("no axis"));
  EXPECT_THAT(error("  builtin: {command: [x]}\n", "    axes: {engine: builtin}\n"),
              HasSubstr("another name"));
  EXPECT_THAT(error("  mine: {command: [x]}\n", "    axes: {engine: mein}\n"),
              AllOf(HasSubstr("file.yaml:5"), HasSubstr("no engine 'mein'")));
  for (const char* name : {"seed", "steps", "out", "9lives", "a b"}) {
    EXPECT_THAT(error("  mine: {command: [x]}\n", "    axes: {engine: mine}\n    parameters: {\"" +
                                                      std::string(name) + "\": 1}\n"),
                HasSubstr("parameter"));
  }
  EXPECT_THAT(error("  mine: {command: [x]}\n",
                    "    axes: {engine: mine}\n    settings: {measure: load, load_from: .}\n"),
              HasSubstr("of the built-in engine"));
  EXPECT_THAT(error("  mine: {command: [x]}\n",
                    "    axes: {engine: mine}\n    settings: {profile: phases}\n"),
              HasSubstr("provides no profile"));
}

TEST_F(EngineFile, OnlyThoseThatSayItAreComparedInNumbers) {
  const std::string two =
      "  same: {command: [train, \"{parallelism}\", \"{packing}\"], same_numerics: true}\n"
      "  other: {command: [train, \"{parallelism}\"]}\n";
  const auto all =
      cells(two,
            "    axes: {engine: [builtin, same, other], model: tiny, parallelism: [fsdp, ep], "
            "ranks: 2}\n");
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0].workload(), all[2].workload());
  EXPECT_EQ(all[0].workload(), all[3].workload());
  EXPECT_NE(all[4].workload(), all[0].workload());
  EXPECT_NE(all[4].workload(), all[5].workload());
}

TEST_F(EngineFile, TheCellsFileReadsBack) {
  const auto all = cells(kEngine,
                         "    axes: {engine: mine, ranks: 2}\n"
                         "    parameters: {recompute: full}\n");
  const auto path = folder_.path() / "cell.yaml";
  write_cell(all[0], path);
  const CellConfig read = read_cell(path);
  EXPECT_EQ(read.id(), all[0].id());
  EXPECT_EQ(read.engine.command, all[0].engine.command);
  EXPECT_EQ(read.axes(), all[0].axes());
}

TEST_F(EngineFile, BracesAndWhatAStartKnowsStay) {
  const auto all = cells("  mine: {command: [train, \"{{{seed}}}\", \"--log={out}/x\"]}\n",
                         "    axes: {engine: mine, seed: 3}\n");
  ASSERT_THAT(all[0].engine.command, ElementsAre("train", "{{3}}", "--log={out}/x"));
  const std::vector<std::pair<std::string, std::string>> at_start = {{"out", "/r{}"}};
  EXPECT_EQ(fill_in_at_start(all[0].engine.command[1], at_start), "{3}");
  EXPECT_EQ(fill_in_at_start(all[0].engine.command[2], at_start), "--log=/r{}/x");
}

// What the engine reads has to be what the cell says, and no file has that.
TEST_F(EngineFile, AnOverriddenModelsConfigIsWrittenWhereItStarts) {
  const auto all = cells("  mine: {command: [train, \"--config={model_config}\"]}\n",
                         "    axes: {engine: mine, model: [tiny, {base: tiny, vocab_size: 512}]}\n"
                         "    parameters: {}\n");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].engine.command[1], "--config=" + (folder_.path() / "models/tiny.json").string());
  EXPECT_EQ(all[1].engine.command[1], "--config={out}/config.json");
}

TEST_F(EngineFile, AVersionCommandIsReadyToRun) {
  const auto all = cells("  mine: {command: [train], version: [./v, \"{{x}} {seed}\"]}\n",
                         "    axes: {engine: mine}\n");
  EXPECT_THAT(all[0].engine.version, ElementsAre((folder_.path() / "v").string(), "{x} 0"));
  EXPECT_THAT(
      error("  mine: {command: [train], version: [v, \"{out}\"]}\n", "    axes: {engine: mine}\n"),
      HasSubstr("known only when a repetition starts"));
}

TEST_F(EngineFile, LogsTakeWhatTheCellSays) {
  const auto all = cells(
      "  mine:\n    command: [train, \"{seed}\"]\n    logs: [\"run_{seed}/*.log\", \"a{{b}}\"]\n",
      "    axes: {engine: mine, seed: 3}\n");
  EXPECT_THAT(all[0].engine.logs, ElementsAre("run_3/*.log", "a{{b}}"));
  EXPECT_THAT(
      error("  mine: {command: [train], logs: \"{sed}.log\"}\n", "    axes: {engine: mine}\n"),
      AllOf(HasSubstr("file.yaml:2"), HasSubstr("unknown placeholder '{sed}'")));
}

// Their values are nothing that the engine trains with.
TEST_F(EngineFile, ALogsNameTakesNoAxis) {
  EXPECT_THAT(error("  mine: {command: [train], logs: \"{seed}.log\", version: [v, \"{seed}\"]}\n",
                    "    axes: {engine: mine, seed: 3}\n"),
              HasSubstr("takes no notice of axis 'seed'"));
}

TEST_F(EngineFile, WhatNobodyReadsIsRefused) {
  EXPECT_THAT(error("  mine: {command: [train], pattern: \"step (?<step>.*)\"}\n",
                    "    axes: {engine: mine}\n"),
              AllOf(HasSubstr("file.yaml:2"), HasSubstr("set 'adapter: regex'")));
  EXPECT_THAT(error("  mine: {command: [train], adapter: none, logs: train.log}\n",
                    "    axes: {engine: mine}\n"),
              AllOf(HasSubstr("file.yaml:2"), HasSubstr("read by no adapter")));
}

TEST_F(EngineFile, AFolderMayHaveBraces) {
  const auto file = folder_.write("a{seed}b/file.yaml",
                                  "engines:\n  mine: {command: [./train], version: [./v]}\n"
                                  "scenarios:\n  - {name: s, axes: {engine: mine}}\n");
  const EngineConfig engine = load_scenarios(file).front().cells[0].engine;
  EXPECT_EQ(fill_in_before_start(engine.command[0]), (file.parent_path() / "train").string());
  EXPECT_THAT(engine.version, ElementsAre((file.parent_path() / "v").string()));
}

TEST_F(EngineFile, WhatAPatternReadsMeansWhatTheFileSays) {
  const auto of = [](const std::string& meaning) {
    return "  mine: {command: [train], adapter: regex, pattern: '(?<step>[0-9]+)', meaning: " +
           meaning + "}\n";
  };
  const auto all =
      cells(of("{tokens_scope: global, padding: counted}"), "    axes: {engine: mine}\n");
  EXPECT_THAT(all[0].engine.meaning, ElementsAre("tokens_scope=global", "padding=counted"));
  EXPECT_THAT(error(of("{tokens_scope: all}"), "    axes: {engine: mine}\n"),
              AllOf(HasSubstr("file.yaml:2"), HasSubstr("global")));
  EXPECT_THAT(error(of("{token_scope: global}"), "    axes: {engine: mine}\n"),
              HasSubstr("tokens_scope"));
  EXPECT_THAT(error("  mine: {command: [train], meaning: {padding: counted}}\n",
                    "    axes: {engine: mine}\n"),
              HasSubstr("of adapter 'regex'"));
}

TEST_F(EngineFile, ExcludeZipAndKnownFailuresTakeParameters) {
  const auto all = cells(kEngine,
                         "    axes: {engine: mine, parallelism: [fsdp, ep], ranks: 2}\n"
                         "    parameters: {recompute: [full, selective]}\n"
                         "    exclude: [{parallelism: ep, recompute: full}]\n"
                         "    known_failures: [{where: {recompute: selective}, reason: r}]\n");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_FALSE(all[0].known_failure.has_value());
  EXPECT_TRUE(all[1].known_failure.has_value());
}

}  // namespace
}  // namespace moebench::config
