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
  EXPECT_THAT(argument("peft_method: lora"), HasSubstr("unknown argument 'peft_method'"));
  EXPECT_THAT(argument("torch_dtype: float16"), HasSubstr("use bfloat16 or float32"));
  EXPECT_THAT(argument("packing: 'False'"), HasSubstr("remove the quotes"));
  EXPECT_THAT(argument("learning_rate: [1e-5, 2e-5]"), HasSubstr("takes one value"));
  EXPECT_THAT(argument("max_steps: 3\n  settings: {steps: 4}"), HasSubstr("keep one"));
  EXPECT_EQ(argument("torch_dtype: [bfloat16, float32]"), "no error");
}

}  // namespace
}  // namespace moebench::config
