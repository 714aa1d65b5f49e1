#include "harness/config/config_testing.h"
#include "harness/config/scenario.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

class FmsForm : public ::testing::Test {
 protected:
  FmsForm() {
    folder_.write("models/tiny.json", kTinyModel);
    folder_.write("models/Other-v0.1.json", kTinyModel);
  }

  std::vector<Scenario> load(const std::string& text) {
    return load_scenarios(folder_.write("s.yaml", text));
  }
  std::string error(const std::string& stanza, const std::string& head = "") {
    return error_of([&] {
      load(head + "scenarios:\n- name: s\n  arguments: {model_name_or_path: tiny}\n" + stanza);
    });
  }

  TestFolder folder_;
};

TEST_F(FmsForm, LoadsAsItIsWritten) {
  const auto scenarios = load(R"(
scenarios:
    -   name: two-frameworks
        framework_config:
            - # without acceleration
            - moe-megablocks
        slow: True
        arguments:
            learning_rate: 5e-5
            torch_dtype: bfloat16
            accelerator_config: some/accelerator-config.json
            gradient_accumulation_steps: 16
            per_device_train_batch_size: null
            gradient_checkpointing: True
            logging_steps: 1
            max_steps: 7
            num_processes: 8
            packing: False
            adam_epsilon: 1e-8
            model_name_or_path:
                - 'tiny'
                - 'org/Other-v0.1'
)");
  ASSERT_EQ(scenarios.size(), 1u);
  EXPECT_TRUE(scenarios[0].slow);
  const auto& cells = scenarios[0].cells;
  ASSERT_EQ(cells.size(), 4u);
  EXPECT_EQ(cells[0].model.name, "tiny");
  EXPECT_EQ(cells[0].parallelism, Parallelism::kFsdp);
  EXPECT_EQ(cells[0].expert_kernel, ExpertKernel::kLoop);
  EXPECT_EQ(cells[1].model.name, "tiny");
  EXPECT_EQ(cells[1].parallelism, Parallelism::kEp);
  EXPECT_EQ(cells[1].expert_kernel, ExpertKernel::kGrouped);
  EXPECT_EQ(cells[1].ep_degree, 8);
  EXPECT_EQ(cells[3].model.name, "Other-v0.1");
  EXPECT_EQ(cells[3].ranks, 8);
  EXPECT_EQ(cells[3].grad_accumulation, 16);
  EXPECT_EQ(cells[3].micro_batch, 1);
  EXPECT_TRUE(cells[3].activation_checkpointing);
  EXPECT_FALSE(cells[3].packing);
  EXPECT_EQ(cells[3].dtype, Dtype::kBf16);
  EXPECT_EQ(cells[3].steps, 7);
  EXPECT_EQ(cells[3].learning_rate, 5e-5);
  EXPECT_EQ(cells[3].adam_epsilon, 1e-8);
}

TEST_F(FmsForm, EverySpellingOfNullIsTheNullFramework) {
  for (const char* null : {"[(null)]", "[null]", "[~]", "(null)", ""}) {
    const auto scenarios = load(std::string("defaults: {axes: {ranks: 2, parallelism: ep}}\n"
                                            "scenarios:\n- name: s\n  framework_config: ") +
                                null + "\n  arguments: {model_name_or_path: tiny}\n");
    ASSERT_EQ(scenarios[0].cells.size(), 1u) << null;
    EXPECT_EQ(scenarios[0].cells[0].parallelism, Parallelism::kFsdp) << null;
  }
}

TEST_F(FmsForm, FrameworksTableAddsAndReplaces) {
  const auto scenarios = load(R"(
frameworks:
  (null): {parallelism: fsdp, expert_kernel: grouped}
  half: {parallelism: ep, expert_kernel: loop, ep_degree: 2}
scenarios:
  - name: s
    framework_config: [(null), half, moe-megablocks]
    axes: {model: tiny, ranks: 4}
)");
  const auto& cells = scenarios[0].cells;
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(cells[0].expert_kernel, ExpertKernel::kGrouped);
  EXPECT_EQ(cells[1].ep_degree, 2);
  EXPECT_EQ(cells[2].ep_degree, 4);
}

TEST_F(FmsForm, ErrorsNameTheRemedy) {
  EXPECT_THAT(error("  framework_config: [moe-megablock]\n"),
              HasSubstr("s.yaml:4: key 'framework_config': unknown framework 'moe-megablock'; did "
                        "you mean 'moe-megablocks'?"));
  EXPECT_THAT(error("  framework_config: [(null)]\n  axes: {parallelism: ep}\n"),
              HasSubstr("axis 'parallelism': is set twice"));
  EXPECT_THAT(error("  framework_config: [(null), (null)]\n"), HasSubstr("are the same"));
  EXPECT_THAT(error("", "frameworks: {x: {paralelism: ep}}\n"),
              HasSubstr("unknown axis 'paralelism'; did you mean 'parallelism'?"));
}

TEST_F(FmsForm, ArgumentsAreStrict) {
  const auto argument = [&](const std::string& text) {
    return error_of([&] {
      load("scenarios:\n- name: s\n  arguments:\n    model_name_or_path: tiny\n    " + text + "\n");
    });
  };
  EXPECT_THAT(argument("adam_epsilom: 1"),
              HasSubstr("s.yaml:5: unknown argument 'adam_epsilom'; did you mean 'adam_epsilon'?"));
  EXPECT_THAT(argument("peft_method: lora"),
              HasSubstr("s.yaml:5: key 'peft_method': is not supported: all weights are trained"));
  EXPECT_THAT(argument("torch_dtype: float16"), HasSubstr("use bfloat16 or float32"));
  EXPECT_THAT(argument("packing: 'False'"), HasSubstr("remove the quotes"));
  EXPECT_THAT(argument("learning_rate: [1e-5, 2e-5]"), HasSubstr("takes one value"));
  EXPECT_THAT(argument("max_steps: 3\n  settings: {steps: 4}"), HasSubstr("keep one"));
  EXPECT_EQ(argument("torch_dtype: [bfloat16, float32]"), "no error");
}

TEST_F(FmsForm, PrecisionIsWhatTorchDtypeSays) {
  const auto argument = [&](const std::string& text) {
    return error_of([&] {
      load("scenarios:\n- name: s\n  arguments:\n    model_name_or_path: tiny\n    " + text + "\n");
    });
  };
  EXPECT_EQ(argument("bf16: True"), "no error");
  EXPECT_EQ(argument("bf16: False\n    fp16: False\n    peft_method: null"), "no error");
  EXPECT_EQ(argument("bf16: True\n    torch_dtype: bfloat16"), "no error");
  EXPECT_THAT(argument("bf16: True\n    torch_dtype: float32"), HasSubstr("mixed precision"));
  EXPECT_THAT(argument("fp16: True"), HasSubstr("is not supported: numbers are bf16 or fp32"));
}

// The shape of fms-acceleration's own files: most of a file is other tools' business.
TEST_F(FmsForm, WhatOtherToolsDoConcernsTheirScenariosAlone) {
  const auto scenarios = load(R"(
data_processing:
    dataset_name: some/dataset
    chat_template: |
        {%- for message in messages %}
        {{ message['input'] }}
        {%- endfor %}
    tokenize: True
scenarios:
    -   name: adapters
        framework_config:
            -
            - some-kernels
        arguments:
            bf16: True
            learning_rate: 2e-4
            torch_dtype: bfloat16
            peft_method: lora
            r: 16
            lora_alpha: 16
            lora_dropout: 0.0
            target_modules: ["q_proj", "v_proj"]
            model_name_or_path:
                - 'org/not-here'
    -   name: half
        arguments: {fp16: True, torch_dtype: float16, model_name_or_path: 'tiny'}
    -   name: kernels
        framework_config: [null, some-kernels]
        arguments: {model_name_or_path: 'tiny'}
    -   name: degrees
        framework_config: [moe-scattermoe-granite-ep2]
        arguments: {model_name_or_path: 'tiny'}
    -   name: moe
        framework_config:
            - # without acceleration
            - moe-scattermoe-granite-ep1
            - moe-scattermoe-granite-ep2
        arguments:
            bf16: True
            torch_dtype: bfloat16
            gradient_accumulation_steps: null
            num_processes: 2
            packing: False
            dataset_text_field: 'output'
            response_template: "
### Response:"
            model_name_or_path: 'tiny'
)");
  ASSERT_EQ(scenarios.size(), 5u);
  EXPECT_THAT(scenarios[0].cannot_run, HasSubstr("s.yaml:18: key 'peft_method': is not supported"));
  EXPECT_THAT(scenarios[1].cannot_run, HasSubstr("key 'fp16': is not supported"));
  EXPECT_THAT(scenarios[2].cannot_run, HasSubstr("unknown framework 'some-kernels'"));
  EXPECT_THAT(scenarios[3].cannot_run, HasSubstr("2 does not divide world_size 1"));
  EXPECT_EQ(scenarios[4].cannot_run, "");
  ASSERT_EQ(scenarios[4].cells.size(), 3u);
  EXPECT_EQ(scenarios[4].cells[1].parallelism, Parallelism::kFsdp);
  EXPECT_EQ(scenarios[4].cells[1].expert_kernel, ExpertKernel::kGrouped);
  EXPECT_EQ(scenarios[4].cells[2].ep_degree, 2);
}

// The form of its scenarios of mixtures of experts: models by their Hugging Face ids, which are
// shipped by shorter names; what it does without padding has no counterpart here.
TEST_F(FmsForm, ScenariosOfExpertsFindTheirModels) {
  const auto file = folder_.write("moe.yaml", R"(
scenarios:
    -   name: full
        framework_config:
            - # without acceleration
            - moe-scattermoe-granite-ep1
            - moe-scattermoe-granite-ep4
            - moe-scattermoe-granite-ep4-padding-free
        arguments:
            torch_dtype: bfloat16
            gradient_accumulation_steps: null
            per_device_train_batch_size: 8
            packing: False
            model_name_or_path:
                - 'ibm-granite/granite-3.0-3b-a800m-instruct'
    -   name: full-mixtral
        framework_config:
            - # without acceleration
            - moe-scattermoe-granite-ep8
        slow: True
        arguments:
            torch_dtype: bfloat16
            accelerator_config: scripts/accelerator-config.json
            gradient_accumulation_steps: null
            per_device_train_batch_size: 1
            model_name_or_path:
                - 'mistralai/Mixtral-8x7B-Instruct-v0.1'
)");
  const auto one_rank = load_scenarios(file);
  ASSERT_EQ(one_rank.size(), 2U);
  EXPECT_THAT(one_rank[0].cannot_run,
              HasSubstr("unknown framework 'moe-scattermoe-granite-ep4-padding-free'"));
  EXPECT_THAT(one_rank[1].cannot_run, HasSubstr("8 does not divide world_size 1"));
  const auto eight = load_scenarios(file, {.values = parse_overrides({"ranks=8"}, "--set")});
  ASSERT_EQ(eight[1].cells.size(), 2U);
  EXPECT_EQ(eight[1].cells[1].ep_degree, 8);
  EXPECT_EQ(eight[1].cells[1].model.name, "Mixtral-8x7B-Instruct-v0.1");
}

}  // namespace
}  // namespace moebench::config
