#include "harness/config/expand.h"

#include <fmt/core.h>

#include "harness/config/config_testing.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

std::vector<CellConfig> cells_of(const std::string& scenario,
                                 const ScenarioOverrides& options = {}) {
  const TestFolder folder;
  folder.write("models/tiny.json", kTinyModel);
  folder.write("models/three.json",
               std::string(kTinyModel)
                   .replace(std::string(kTinyModel).find("experts\": 8"), 11, "experts\": 3"));
  return load_scenarios(folder.write("s.yaml", "scenarios:\n- name: s\n" + scenario), options)
      .front()
      .cells;
}

// Without the temporary folder.
std::string expand_error(const std::string& scenario) {
  const std::string message = error_of([&] { cells_of(scenario); });
  return message.substr(std::min(message.find("s.yaml"), message.size()));
}

// A line a cell, of the axes that every version states: one that is added changes no line.
std::string listing(const std::vector<CellConfig>& cells) {
  std::string text;
  for (const CellConfig& cell : cells) {
    for (const auto& [axis, value] : cell.axes()) {
      if (unstated_axis(axis).empty()) text += value + " ";
    }
    text.back() = '\n';
  }
  return text;
}

// Of a model with these further keys, one letter a cell: whether it trains on the auxiliary loss.
std::string auxiliary_losses(const std::string& keys, const std::string& scenario) {
  const TestFolder folder;
  std::string model = kTinyModel;
  if (!keys.empty()) model.insert(model.rfind('\n'), ",\n" + keys);
  folder.write("models/tiny.json", model);
  const auto file =
      folder.write("s.yaml", "scenarios:\n- {name: s, axes: {model: tiny" + scenario + "}\n");
  std::string letters;
  const std::vector<Scenario> scenarios = load_scenarios(file);
  for (const CellConfig& cell : scenarios.front().cells) {
    letters += cell.router_aux_loss ? 'y' : 'n';
  }
  return letters;
}

TEST(Expand, TheAuxiliaryLossIsTheModelsChoice) {
  EXPECT_EQ(auxiliary_losses("", "}"), "n") << "transformers' default";
  EXPECT_EQ(auxiliary_losses("\"output_router_logits\": false", "}"), "n");
  EXPECT_EQ(auxiliary_losses("\"output_router_logits\": true", "}"), "y");
  EXPECT_EQ(auxiliary_losses("", ", router_aux_loss: [true, false]}"), "yn");
  EXPECT_EQ(auxiliary_losses("\"output_router_logits\": true", ", router_aux_loss: false}"), "n");
}

// So that cells of before keep their ids.
TEST(Expand, TheAuxiliaryLossStaysInitialWhereItHasNoEffect) {
  EXPECT_EQ(auxiliary_losses("\"router_aux_loss_coef\": 0.0", "}"), "y");
  EXPECT_EQ(auxiliary_losses("", "}, settings: {measure: load, load_from: /c}"), "y");
}

TEST(Expand, AxesMultiplyInTheOrderWritten) {
  EXPECT_EQ(listing(cells_of("  axes:\n"
                             "    model: tiny\n"
                             "    ranks: [2, 4]\n"
                             "    parallelism: [fsdp, ep]\n"
                             "    packing: [False, true]\n"
                             "  zip: {seq_len: [128, 64], micro_batch: [1, 2]}\n"
                             "  exclude:\n"
                             "    - {parallelism: fsdp, packing: True}\n"
                             "    - {ranks: [2, 3], seq_len: 64}\n")),
            "tiny fsdp 1 loop 2 1 1 128 false bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny ep 2 loop 2 1 1 128 false bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny ep 2 loop 2 1 1 128 true bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny fsdp 1 loop 4 1 1 128 false bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny fsdp 1 loop 4 2 1 64 false bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny ep 4 loop 4 1 1 128 false bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny ep 4 loop 4 2 1 64 false bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny ep 4 loop 4 1 1 128 true bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny ep 4 loop 4 2 1 64 true bf16 false 2 0 true fused true learned 0 direct any\n");
}

TEST(Expand, SeveralZipsAreIndependent) {
  const auto cells = cells_of(
      "  axes: {model: tiny}\n"
      "  zip:\n"
      "    - {ranks: [1, 2], micro_batch: [4, 2]}\n"
      "    - {dtype: [bf16, fp32], seed: [1, 18446744073709551615]}\n");
  EXPECT_EQ(listing(cells),
            "tiny fsdp 1 loop 1 4 1 256 false bf16 false 2 0 true fused true learned 1 direct any\n"
            "tiny fsdp 1 loop 1 4 1 256 false fp32 false 2 0 true fused true learned "
            "18446744073709551615 direct any\n"
            "tiny fsdp 1 loop 2 2 1 256 false bf16 false 2 0 true fused true learned 1 direct any\n"
            "tiny fsdp 1 loop 2 2 1 256 false fp32 false 2 0 true fused true learned "
            "18446744073709551615 direct any\n");
}

TEST(Expand, ZipRejectsUnequalListsAndAxesSetTwice) {
  EXPECT_EQ(expand_error("  axes: {model: tiny}\n  zip: {ranks: [1, 2], seed: [1, 2, 3]}\n"),
            "s.yaml:4: key 'seed': has 3 values where 'ranks' has 2; zipped axes advance together");
  EXPECT_THAT(expand_error("  axes: {model: tiny, ranks: 2}\n  zip: {ranks: [1], seed: [2]}\n"),
              HasSubstr("s.yaml:4: axis 'ranks': is set twice"));
}

TEST(Expand, ExcludeMustMatchAndLeaveSomething) {
  EXPECT_EQ(expand_error("  axes: {model: tiny}\n  exclude:\n    - {ranks: 2}\n"),
            "s.yaml:5: key 'exclude': matches no cell; correct it or remove it");
  EXPECT_EQ(expand_error("  axes: {model: tiny}\n  exclude:\n    - {ranks: 1}\n"),
            "s.yaml:2: scenario 's': no cell is left after 'exclude'; exclude less");
  EXPECT_THAT(expand_error("  axes: {model: tiny}\n  exclude:\n    - {rank: 1}\n"),
              HasSubstr("s.yaml:5: unknown axis 'rank'; did you mean 'ranks'?"));
}

TEST(Expand, EpDegreeDefaultsToTheCommonDivisor) {
  EXPECT_EQ(cells_of("  axes: {model: tiny, parallelism: ep, ranks: 12}\n")[0].ep_degree, 4);
  EXPECT_EQ(cells_of("  axes: {model: three, parallelism: ep, ranks: 2}\n")[0].ep_degree, 1);
  EXPECT_EQ(
      cells_of("  axes: {model: tiny, parallelism: ep, ranks: 4, ep_degree: 2}\n")[0].ep_degree, 2);
}

TEST(Expand, EpDegreeMustDivideRanksAndExperts) {
  EXPECT_EQ(expand_error("  axes:\n    model: tiny\n    parallelism: ep\n    ranks: 8\n"
                         "    ep_degree: 3\n"),
            "s.yaml:7: axis 'ep_degree': 3 does not divide world_size 8; use 1, 2, 4 or 8");
  EXPECT_EQ(expand_error("  axes: {model: three, parallelism: ep, ranks: 6, ep_degree: 2}\n"),
            "s.yaml:3: axis 'ep_degree': 2 does not divide the 3 experts of three; use 1 or 3");
}

TEST(Expand, FsdpWithEpDegreeIsExcludedByHand) {
  const std::string axes =
      "  axes: {model: tiny, ranks: 4, parallelism: [fsdp, ep], ep_degree: [1, 2]}\n";
  EXPECT_EQ(expand_error(axes),
            "s.yaml:3: axis 'ep_degree': 2 with parallelism fsdp; exclude these cells with "
            "'exclude: [{parallelism: fsdp, ep_degree: 2}]'");
  EXPECT_EQ(cells_of(axes + "  exclude: [{parallelism: fsdp, ep_degree: 2}]\n").size(), 3u);
}

TEST(Expand, ShardDegreeFollowsTheRanks) {
  const std::string hsdp = "  axes: {model: tiny, parallelism: hsdp, ranks: ";
  EXPECT_EQ(cells_of(hsdp + "8}\n")[0].shard_degree, 4);
  EXPECT_EQ(cells_of(hsdp + "9}\n")[0].shard_degree, 3);
  EXPECT_EQ(cells_of(hsdp + "8, shard_degree: 2}\n")[0].shard_degree, 2);
  EXPECT_EQ(cells_of("  axes: {model: tiny, ranks: 8}\n")[0].shard_degree, 0);
}

TEST(Expand, ShardDegreeLeavesSeveralCopiesOfSeveralRanks) {
  const std::string hsdp = "  axes: {model: tiny, parallelism: hsdp, ranks: 8, shard_degree: ";
  EXPECT_EQ(expand_error(hsdp + "3}\n"),
            "s.yaml:3: axis 'shard_degree': 3 does not part world_size 8 into groups of several "
            "ranks; use 2 or 4");
  EXPECT_EQ(expand_error(hsdp + "1}\n"),
            "s.yaml:3: axis 'shard_degree': 1 does not part world_size 8 into groups of several "
            "ranks; use 2 or 4");
  EXPECT_EQ(expand_error(hsdp + "8}\n"),
            "s.yaml:3: axis 'shard_degree': 8 does not part world_size 8 into groups of several "
            "ranks; use 2 or 4, or parallelism fsdp, which holds one copy");
  EXPECT_EQ(expand_error("  axes: {model: tiny, parallelism: hsdp, ranks: 2}\n"),
            "s.yaml:3: axis 'parallelism': hsdp of 2 ranks has no groups of several ranks; use 4 "
            "or more ranks, no prime number of them, or parallelism fsdp");
}

TEST(Expand, DegreesAreOfTheirOwnParallelismAlone) {
  EXPECT_EQ(expand_error("  axes: {model: tiny, ranks: 4, parallelism: ep, shard_degree: 2}\n"),
            "s.yaml:3: axis 'shard_degree': 2 with parallelism ep; exclude these cells with "
            "'exclude: [{parallelism: ep, shard_degree: 2}]'");
  EXPECT_EQ(expand_error("  axes: {model: tiny, ranks: 4, parallelism: hsdp, ep_degree: 2}\n"),
            "s.yaml:3: axis 'ep_degree': 2 with parallelism hsdp; exclude these cells with "
            "'exclude: [{parallelism: hsdp, ep_degree: 2}]'");
}

TEST(Expand, ValuesAreChecked) {
  const auto axis = [](const std::string& entry) {
    return expand_error("  axes: {model: tiny, " + entry + "}\n");
  };
  EXPECT_EQ(axis("parallelism: fdsp"),
            "s.yaml:3: axis 'parallelism': unknown value 'fdsp'; use fsdp, ep or hsdp");
  EXPECT_THAT(axis("ranks: 0"), HasSubstr("expected a positive integer, got '0'"));
  EXPECT_THAT(axis("packing: 'False'"), HasSubstr("remove the quotes"));
  EXPECT_THAT(axis("packing: no"), HasSubstr("expected true or false"));
  EXPECT_THAT(axis("dtype: fp16"), HasSubstr("use bf16 or fp32"));
  EXPECT_THAT(axis("seq_len: 2048"), HasSubstr("more than max_position_embeddings 1024 of tiny"));
  EXPECT_THAT(axis("seq_len: 1"), HasSubstr("use 2 or more"));
  EXPECT_THAT(axis("ranks: [2, 2]"), HasSubstr("lists '2' twice"));
  EXPECT_THAT(axis("ranks: []"), HasSubstr("empty list"));
  EXPECT_THAT(axis("ranks: "), HasSubstr("got nothing"));
}

TEST(Expand, ThreeGathersNeedARecomputation) {
  EXPECT_EQ(expand_error("  axes: {model: tiny, ranks: 2,\n    gathers: [2, 3]}\n"),
            "s.yaml:4: axis 'gathers': 3 is what recomputation in the backward pass asks for; set "
            "activation_checkpointing to true, or use 2");
  EXPECT_THAT(expand_error("  axes: {model: tiny, gathers: 4}\n"), HasSubstr("use 2 or 3"));
  EXPECT_THAT(expand_error("  axes: {model: tiny, prefetch: [0, 3]}\n"), HasSubstr("2"));
  const auto cells = cells_of(
      "  axes: {model: tiny, activation_checkpointing: true, gathers: 3, sync_each_batch: false, "
      "optimizer: [fused, foreach, per_tensor], keep_gradients: false}\n");
  EXPECT_EQ(
      listing(cells),
      "tiny fsdp 1 loop 1 1 1 256 false bf16 true 3 0 false fused false learned 0 direct any\n"
      "tiny fsdp 1 loop 1 1 1 256 false bf16 true 3 0 false foreach false learned 0 direct any\n"
      "tiny fsdp 1 loop 1 1 1 256 false bf16 true 3 0 false per_tensor false learned 0 direct "
      "any\n");
}

TEST(Expand, PrefetchDefaultsByTheDevice) {
  const auto prefetch = [](const std::string& axes, const std::string& settings) {
    return cells_of("  axes: {model: tiny, ranks: 2" + axes + "}\n  settings: {" + settings + "}\n")
        .at(0)
        .prefetch;
  };
  EXPECT_EQ(prefetch("", ""), 0);
  EXPECT_EQ(prefetch("", "device: cpu"), 0);
  EXPECT_EQ(prefetch("", "device: cuda"), 1);
  EXPECT_EQ(prefetch("", "device: auto"), 1);
  EXPECT_EQ(prefetch("", "measure: load, load_from: x"), 1);
  for (const char* device : {"cpu", "cuda", "auto"}) {
    const std::string setting = std::string("device: ") + device;
    EXPECT_EQ(prefetch(", prefetch: 2", setting), 2);
    EXPECT_EQ(prefetch(", prefetch: 0", setting), 0);
  }
}

TEST(Expand, LoadersNeedACheckpointAndClaimNothingElse) {
  const auto error = [](const std::string& axes, const std::string& settings) {
    return expand_error("  axes: {model: tiny, parallelism: ep, ranks: 2, " + axes +
                        "}\n  settings: {" + settings + "}\n");
  };
  EXPECT_EQ(error("loader: concat", ""),
            "s.yaml:3: axis 'loader': needs the setting load_from, a checkpoint to load");
  EXPECT_THAT(error("loader: direct", ""), HasSubstr("needs the setting load_from"));
  EXPECT_THAT(error("cache: cold", ""), HasSubstr("axis 'cache': needs the setting load_from"));
  EXPECT_THAT(error("seed: 1", "measure: load"), HasSubstr("measure load needs the setting"));
  EXPECT_THAT(error("seed: 1", "load_from: x, load_tensors: experts"),
              HasSubstr("set measure to load"));
  EXPECT_THAT(error("seed: 1", "load_from: x, measure: load, profile: ops"),
              HasSubstr("profile is of training"));
  EXPECT_THAT(error("seed: 1", "load_from: x, one_rank: 0"), HasSubstr("set measure to load"));
  EXPECT_THAT(error("seed: 1", "load_from: x, measure: load, one_rank: 2"),
              HasSubstr("axis 'ranks': one_rank 2 is none of 0 to 1"));
  EXPECT_THAT(error("loader: broadcast", "load_from: x, measure: load, one_rank: 0"),
              HasSubstr("axis 'loader': broadcast needs every rank"));
  EXPECT_THAT(expand_error("  axes: {model: tiny}\n"
                           "  settings: {load_from: x, measure: load, load_tensors: experts}\n"),
              HasSubstr("axis 'parallelism': load_tensors experts is of parallelism ep"));
  EXPECT_THAT(error("loader: fast", ""),
              HasSubstr("unknown value 'fast'; use concat, slice, direct or broadcast"));
}

TEST(Expand, ACellThatLoadsIsOneCellOfTheMatrix) {
  const auto cells = cells_of(
      "  axes: {model: tiny, parallelism: ep, ranks: 4, loader: [concat, direct], cache: cold}\n"
      "  settings: {load_from: x, measure: load, load_tensors: experts, load_io: buffered, "
      "one_rank: 3}\n");
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].load.loader, Loader::kConcat);
  EXPECT_EQ(cells[1].load.io, LoadIo::kBuffered);
  EXPECT_EQ(cells[1].load.cache, Cache::kCold);
  EXPECT_EQ(cells[1].measure, Measure::kLoad);
  EXPECT_EQ(cells[1].processes(), 1);
  EXPECT_NE(cells[0].id(), cells[1].id());
  EXPECT_EQ(cells[0].workload(), cells[1].workload());
}

// Of a scenario whose model has these further keys.
std::string error_of_model(const std::string& keys, const std::string& scenario) {
  const TestFolder folder;
  std::string model = kTinyModel;
  model.insert(model.rfind('\n'), keys);
  folder.write("models/tiny.json", model);
  return error_of(
      [&] { load_scenarios(folder.write("s.yaml", "scenarios:\n- name: s\n" + scenario)); });
}

TEST(Expand, SamplesMayBeLongerThanASlidingWindow) {
  EXPECT_EQ(error_of_model(", \"sliding_window\": 128", "  axes: {model: tiny, seq_len: 129}\n"),
            "no error");
}

TEST(Expand, QuantisedWeightsAreNotLoaded) {
  const std::string keys = ", \"quantization_config\": {\"quant_method\": \"fp8\"}";
  EXPECT_EQ(error_of_model(keys, "  axes: {model: tiny}\n"), "no error");
  EXPECT_THAT(error_of_model(keys, "  axes: {model: tiny}\n  settings: {load_from: /checkpoint}\n"),
              AllOf(HasSubstr("s.yaml:3: axis 'model': "), HasSubstr("quantization_config"),
                    HasSubstr("(fp8)")));
  EXPECT_EQ(error_of_model(keys,
                           "  axes: {model: {base: tiny, quantization_config: null}}\n"
                           "  settings: {load_from: /checkpoint}\n"),
            "no error");
}

TEST(Expand, ALossThatTheReferenceHasNotIsNotAskedFor) {
  const TestFolder folder;
  folder.write("models/tiny.json", kTinyGlm);
  const auto error = [&](const std::string& axes) {
    return error_of([&] {
      load_scenarios(folder.write("s.yaml", "scenarios:\n- name: s\n  axes: {" + axes + "}\n"));
    });
  };
  EXPECT_EQ(error("model: tiny"), "no error");
  EXPECT_EQ(error("model: tiny, router_aux_loss: false"), "no error");
  EXPECT_THAT(error("model: tiny, router_aux_loss: true"),
              HasSubstr("s.yaml:3: axis 'router_aux_loss': true, but transformers computes no "
                        "load-balancing loss of glm4_moe models, such as tiny"));
}

TEST(Expand, TheSameCellTwiceIsAnError) {
  EXPECT_THAT(expand_error("  axes: {model: tiny}\n  zip: {ranks: [1, 2, 1], seed: [5, 5, 5]}\n"),
              HasSubstr("cells 1 and 3 are the same (model=tiny engine=builtin parallelism=fsdp"));
}

TEST(Expand, NumbersAreBounded) {
  const auto axis = [](const std::string& entry) {
    return expand_error("  axes: {model: tiny, " + entry + "}\n");
  };
  EXPECT_THAT(axis("ranks: 100000000"),
              HasSubstr("axis 'ranks': expected an integer from 1 to 65536, got '100000000'"));
  EXPECT_THAT(axis("ranks: 99999999999999999999"), HasSubstr("from 1 to 65536"));
  EXPECT_THAT(axis("parallelism: ep, ep_degree: 65537"), HasSubstr("from 1 to 65536"));
  EXPECT_THAT(axis("micro_batch: 100000000, seq_len: 1024"),
              HasSubstr("axis 'micro_batch': 100000000 samples of 1024 tokens are more than"));
  EXPECT_THAT(axis("ranks: 65536, grad_accumulation: 100000000, seq_len: 16"),
              HasSubstr("12 steps of 65536 ranks x 100000000 micro-steps x 1 samples are more"));
}

TEST(Expand, AMatrixIsCountedBeforeItIsMade) {
  std::string thousand = "[1";
  for (int i = 2; i <= 1000; ++i) thousand += fmt::format(", {}", i);
  thousand += "]";
  const std::string message = expand_error("  axes: {model: tiny, micro_batch: " + thousand +
                                           ", seed: " + thousand + "}\n");
  EXPECT_THAT(message,
              HasSubstr("s.yaml:2: scenario 's': its axes have 1000000 combinations, and a "
                        "file has at most 100000"));
  EXPECT_LT(message.size(), 250U);
}

TEST(Expand, ResumeAsMakesTheCellToContinueAs) {
  const std::string axes =
      "  axes: {model: tiny, ranks: 4, grad_accumulation: 2, parallelism: [fsdp, ep]}\n";
  EXPECT_EQ(cells_of(axes)[0].resumed_as, nullptr);
  const auto cells =
      cells_of(axes + "  resume_as: {ranks: 2, grad_accumulation: 4, parallelism: ep}\n");
  ASSERT_EQ(cells.size(), 2u);
  for (const CellConfig& cell : cells) {
    EXPECT_EQ(cell.ranks, 4);
    EXPECT_EQ(cell.resumed_as->ranks, 2);
    EXPECT_EQ(cell.resumed_as->ep_degree, 2);
    EXPECT_EQ(cell.resumed_as->parallelism, Parallelism::kEp);
  }
  EXPECT_EQ(cells_of(axes + "  resume_as: {parallelism: fsdp}\n")[1].resumed_as->ep_degree, 1);
  EXPECT_EQ(
      cells_of(axes + "  resume_as: {ranks: 8, grad_accumulation: 1}\n")[1].resumed_as->ep_degree,
      8);
  const auto elsewhere = cells_of(axes + "  resume_as: {parallelism: ep}\n",
                                  {.values = parse_overrides({"ranks=1"}, "--ranks")});
  EXPECT_EQ(elsewhere[0].resumed_as, nullptr) << "what it would be depends on the file's ranks";
}

TEST(Expand, ResumeAsKeepsWhatDecidesTheNumbers) {
  const std::string axes = "  axes: {model: tiny, ranks: 4}\n";
  EXPECT_THAT(
      expand_error(axes + "  resume_as: {seed: 1}\n"),
      HasSubstr("s.yaml:4: axis 'seed': decides what is trained, so a resumed run keeps it; "
                "resume_as takes parallelism, ep_degree"));
  EXPECT_THAT(expand_error(axes + "  resume_as: {ranks: 2}\n"),
              HasSubstr("s.yaml:4: resume_as: 2 ranks x 1 micro-steps make another step than the "
                        "cell's 4 x 1; choose ranks and grad_accumulation so that their product is "
                        "4"));
  EXPECT_THAT(expand_error(axes + "  resume_as: {parallelism: ep, ep_degree: 3}\n"),
              HasSubstr("s.yaml:4: axis 'ep_degree': 3 does not divide"));
  EXPECT_THAT(expand_error(axes + "  resume_as: {}\n"), HasSubstr("names no axis"));
}

TEST(Expand, OnlyGpusSumGradientsInBf16) {
  EXPECT_THAT(expand_error("  axes: {model: tiny}\n  settings: {reduce_dtype: bf16}\n"),
              HasSubstr("a CPU sums gradients in fp32; remove it"));
  const auto cells =
      cells_of("  axes: {model: tiny}\n  settings: {reduce_dtype: bf16, device: cuda}\n");
  EXPECT_EQ(cells.at(0).reduce_dtype, Dtype::kBf16);
  EXPECT_EQ(cells.at(0).device, Device::kCuda);
}

TEST(Expand, RanksFromOutsideReplaceTheAxis) {
  const ScenarioOverrides options = {.values = parse_overrides({"ranks=4"}, "--ranks")};
  EXPECT_EQ(listing(cells_of("  axes: {model: tiny, ranks: [1, 2], parallelism: [fsdp, ep]}\n"
                             "  exclude: [{ranks: 1, parallelism: ep}]\n",
                             options)),
            "tiny fsdp 1 loop 4 1 1 256 false bf16 false 2 0 true fused true learned 0 direct any\n"
            "tiny ep 4 loop 4 1 1 256 false bf16 false 2 0 true fused true learned 0 direct any\n");
}

}  // namespace
}  // namespace moebench::config
