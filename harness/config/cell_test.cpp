#include "harness/config/cell.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

#include "harness/base/file.h"
#include "harness/config/config_testing.h"
#include "harness/config/resumption.h"

namespace moebench::config {
namespace {

using ::testing::HasSubstr;

CellConfig odd_cell() {
  CellConfig cell;
  cell.scenario = "a: \"b\"\n# c";
  cell.model = {"m", 64, 128, 2, 8, 2, 4, 2, 16, 256, 1024, 1.0 / 3, 1e-6, 0.1, 0.3, true, 512};
  cell.model.type = ModelType::kGraniteMoe;
  cell.model.attention_multiplier = 1.0 / 7;
  cell.model.embedding_multiplier = 12;
  cell.model.residual_multiplier = 0.22;
  cell.model.logits_scaling = 6;
  cell.model.pad_token_id = 0;
  cell.parallelism = Parallelism::kEp;
  cell.ep_degree = 2;
  cell.expert_kernel = ExpertKernel::kGrouped;
  cell.ranks = 4;
  cell.packing = true;
  cell.dtype = Dtype::kFp32;
  cell.gathers = 3;
  cell.prefetch = 2;
  cell.device = Device::kAuto;
  cell.reduce_dtype = Dtype::kBf16;
  cell.device_collectives = DeviceCollectives::kHost;
  cell.sync_each_batch = false;
  cell.optimizer = Optimizer::kPerTensor;
  cell.keep_gradients = false;
  cell.seed = std::numeric_limits<std::uint64_t>::max();
  cell.learning_rate = 0.1 + 0.2;
  cell.adam_epsilon = std::numeric_limits<double>::denorm_min();
  cell.max_grad_norm = std::numeric_limits<double>::max();
  cell.load_from = "/a b/'c'";
  cell.load = {Loader::kBroadcast, Cache::kWarm, LoadIo::kBuffered, LoadTensors::kExperts, 3};
  cell.measure = Measure::kLoad;
  cell.checkpoint_every = 7;
  cell.resume_from = "/c";
  for (int byte = 0; byte < 256; ++byte) cell.data.delimiter += static_cast<char>(byte);
  cell.data.source = DataSource::kText;
  cell.data.files = {"/x, y]", "", "/z\xff"};
  cell.repeats = 5;
  cell.time_limit_s = 0.7;
  cell.collective_time_limit_s = 2.5;
  cell.checkpoint_folder = "/d";
  cell.keep_checkpoints = 3;
  cell.profile = Profile::kOps;
  cell.check_numerics = false;
  return cell;
}

TEST(Cell, IsReadBackUnchanged) {
  const TestFolder folder;
  const CellConfig cell = odd_cell();
  write_cell(cell, folder.path() / "cell.yaml");
  const CellConfig back = read_cell(folder.path() / "cell.yaml");
  EXPECT_EQ(back.canonical_text(), cell.canonical_text());
  EXPECT_EQ(back.id(), cell.id());
  EXPECT_EQ(back.axes(), cell.axes());
  EXPECT_EQ(back.scenario, cell.scenario);
  EXPECT_EQ(back.data.delimiter, cell.data.delimiter);
  EXPECT_EQ(back.data.files, cell.data.files);
  EXPECT_EQ(back.learning_rate, cell.learning_rate);
  EXPECT_EQ(back.adam_epsilon, cell.adam_epsilon);
  EXPECT_EQ(back.max_grad_norm, cell.max_grad_norm);
  EXPECT_EQ(back.model.rope_theta, cell.model.rope_theta);
  EXPECT_EQ(back.model.sliding_window, cell.model.sliding_window);
  EXPECT_EQ(back.model.type, cell.model.type);
  EXPECT_EQ(back.model.attention_multiplier, cell.model.attention_multiplier);
  EXPECT_EQ(back.model.pad_token_id, cell.model.pad_token_id);
  EXPECT_EQ(back.seed, cell.seed);
  EXPECT_EQ(back.repeats, 5);
  EXPECT_EQ(back.time_limit_s, 0.7);
  EXPECT_EQ(back.collective_time_limit_s, 2.5);
  EXPECT_EQ(back.checkpoint_folder, "/d");
  EXPECT_EQ(back.keep_checkpoints, 3);
  EXPECT_EQ(back.profile, Profile::kOps);
}

TEST(Cell, FileWithMissingOrForeignKeyIsAnError) {
  const TestFolder folder;
  const auto file = folder.path() / "cell.yaml";
  write_cell(CellConfig(), file);
  const std::string text = read_file(file);
  folder.write("foreign.yaml", text + "stepz: 1\n");
  EXPECT_THAT(error_of([&] { read_cell(folder.path() / "foreign.yaml"); }),
              HasSubstr("unknown key 'stepz'; did you mean 'steps'?"));
  folder.write("short.yaml", text.substr(0, text.find("data:")));
  EXPECT_THAT(error_of([&] { read_cell(folder.path() / "short.yaml"); }),
              HasSubstr("key 'data' is missing"));
}

TEST(Cell, IdentityFieldsAreTheTextInPieces) {
  const auto fields = odd_cell().identity_fields();
  EXPECT_EQ(fields.front(), (std::pair<std::string, std::string>("model.name", "\"m\"")));
  EXPECT_EQ(std::ranges::count(fields, std::pair<std::string, std::string>("ranks", "4")), 1);
  EXPECT_EQ(fields.back().first, "data.mean_length");
}

TEST(Cell, CheckpointsLieInTheRepetitionOrWhereToldTo) {
  CellConfig cell;
  EXPECT_EQ(checkpoint_folder(cell, "/r/cells/id/2"), "/r/cells/id/2/checkpoints");
  cell.checkpoint_folder = "/big";
  EXPECT_EQ(checkpoint_folder(cell, "/r/cells/id/2"), "/big/" + cell.id() + "/2");
}

// The id is a contract with results already written: it changes only on purpose.
TEST(Cell, IdIsStable) {
  EXPECT_EQ(CellConfig().id(), "3f0823cab0d1");
  EXPECT_EQ(odd_cell().id(), "0e56ea7c09d7");
}

TEST(Cell, IdLeavesOutWhatTheDriverDecides) {
  CellConfig cell = odd_cell();
  cell.scenario = "other";
  cell.repeats = 9;
  cell.time_limit_s = 1;
  cell.collective_time_limit_s = 1;
  cell.checkpoint_folder = "";
  cell.keep_checkpoints = 0;
  cell.profile = Profile::kNone;
  cell.check_numerics = true;
  cell.resumed_as = std::make_shared<const CellConfig>();
  EXPECT_EQ(cell.id(), odd_cell().id());
}

TEST(Cell, ABindingIsOfTheIdOnlyWhereThereIsOne) {
  CellConfig cell = odd_cell();
  cell.bind = Binding::kNone;
  EXPECT_EQ(cell.id(), odd_cell().id());
  cell.bind = Binding::kNuma;
  EXPECT_NE(cell.id(), odd_cell().id());
  EXPECT_EQ(cell.workload(), odd_cell().workload());
}

TEST(Cell, WorkloadLeavesOutHowItIsDone) {
  CellConfig cell = odd_cell();
  cell.parallelism = Parallelism::kFsdp;
  cell.ep_degree = 1;
  cell.expert_kernel = ExpertKernel::kLoop;
  cell.activation_checkpointing = !cell.activation_checkpointing;
  cell.gathers = 2;
  cell.prefetch = 0;
  cell.device = Device::kCuda;
  cell.reduce_dtype = Dtype::kFp32;
  cell.device_collectives = DeviceCollectives::kNccl;
  cell.sync_each_batch = !cell.sync_each_batch;
  cell.optimizer = Optimizer::kFused;
  cell.keep_gradients = !cell.keep_gradients;
  ++cell.threads_per_rank;
  ++cell.checkpoint_every;
  cell.load = {};
  cell.grad_accumulation *= cell.ranks;
  cell.ranks = 1;
  EXPECT_EQ(cell.workload(), odd_cell().workload());
  for (auto CellConfig::*field :
       {&CellConfig::ranks, &CellConfig::micro_batch, &CellConfig::seq_len, &CellConfig::steps}) {
    CellConfig other = cell;
    ++(other.*field);
    EXPECT_NE(other.workload(), cell.workload());
  }
}

TEST(Cell, IdChangesWithEveryOtherField) {
  using Change = std::function<void(CellConfig&)>;
  const std::vector<Change> changes = {[](CellConfig& c) { c.model.name = "n"; },
                                       [](CellConfig& c) { ++c.model.hidden_size; },
                                       [](CellConfig& c) { ++c.model.intermediate_size; },
                                       [](CellConfig& c) { ++c.model.num_layers; },
                                       [](CellConfig& c) { ++c.model.num_experts; },
                                       [](CellConfig& c) { ++c.model.top_k; },
                                       [](CellConfig& c) { ++c.model.num_heads; },
                                       [](CellConfig& c) { ++c.model.num_kv_heads; },
                                       [](CellConfig& c) { ++c.model.head_dim; },
                                       [](CellConfig& c) { ++c.model.vocab_size; },
                                       [](CellConfig& c) { ++c.model.max_position_embeddings; },
                                       [](CellConfig& c) { c.model.rope_theta = 1; },
                                       [](CellConfig& c) { c.model.rms_norm_eps = 1; },
                                       [](CellConfig& c) { c.model.router_aux_loss_coef = 1; },
                                       [](CellConfig& c) { c.model.initializer_range = 1; },
                                       [](CellConfig& c) { c.model.tie_word_embeddings = false; },
                                       [](CellConfig& c) { ++c.model.sliding_window; },
                                       [](CellConfig& c) { c.model.type = ModelType::kMixtral; },
                                       [](CellConfig& c) { c.model.attention_multiplier = 1; },
                                       [](CellConfig& c) { c.model.embedding_multiplier = 1; },
                                       [](CellConfig& c) { c.model.residual_multiplier = 1; },
                                       [](CellConfig& c) { c.model.logits_scaling = 1; },
                                       [](CellConfig& c) { --c.model.pad_token_id; },
                                       [](CellConfig& c) { c.parallelism = Parallelism::kFsdp; },
                                       [](CellConfig& c) { ++c.ep_degree; },
                                       [](CellConfig& c) { c.expert_kernel = ExpertKernel::kLoop; },
                                       [](CellConfig& c) { ++c.ranks; },
                                       [](CellConfig& c) { ++c.micro_batch; },
                                       [](CellConfig& c) { ++c.grad_accumulation; },
                                       [](CellConfig& c) { ++c.seq_len; },
                                       [](CellConfig& c) { c.packing = false; },
                                       [](CellConfig& c) { c.dtype = Dtype::kBf16; },
                                       [](CellConfig& c) { c.activation_checkpointing = true; },
                                       [](CellConfig& c) { --c.gathers; },
                                       [](CellConfig& c) { --c.prefetch; },
                                       [](CellConfig& c) { c.device = Device::kCpu; },
                                       [](CellConfig& c) { c.reduce_dtype = Dtype::kFp32; },
                                       [](CellConfig& c) { c.device_collectives = {}; },
                                       [](CellConfig& c) { c.sync_each_batch = true; },
                                       [](CellConfig& c) { c.optimizer = Optimizer::kForeach; },
                                       [](CellConfig& c) { c.keep_gradients = true; },
                                       [](CellConfig& c) { c.routing = {RoutingKind::kBalanced}; },
                                       [](CellConfig& c) { c.router_aux_loss = false; },
                                       [](CellConfig& c) { --c.seed; },
                                       [](CellConfig& c) { c.load.loader = Loader::kSlice; },
                                       [](CellConfig& c) { c.load.cache = Cache::kCold; },
                                       [](CellConfig& c) { c.load.io = LoadIo::kDirect; },
                                       [](CellConfig& c) { c.load.tensors = LoadTensors::kAll; },
                                       [](CellConfig& c) { ++c.load.one_rank; },
                                       [](CellConfig& c) { c.measure = Measure::kTrain; },
                                       [](CellConfig& c) { ++c.steps; },
                                       [](CellConfig& c) { ++c.warmup_steps; },
                                       [](CellConfig& c) { c.learning_rate = 0.3; },
                                       [](CellConfig& c) { c.adam_beta1 = 0.8; },
                                       [](CellConfig& c) { c.adam_beta2 = 0.8; },
                                       [](CellConfig& c) { c.adam_epsilon = 1e-8; },
                                       [](CellConfig& c) { c.weight_decay = 1; },
                                       [](CellConfig& c) { c.max_grad_norm = 1; },
                                       [](CellConfig& c) { ++c.threads_per_rank; },
                                       [](CellConfig& c) { c.load_from = ""; },
                                       [](CellConfig& c) { ++c.checkpoint_every; },
                                       [](CellConfig& c) { c.resume_from = ""; },
                                       [](CellConfig& c) { c.perturb_weights = true; },
                                       [](CellConfig& c) { c.data.source = DataSource::kTokens; },
                                       [](CellConfig& c) { c.data.files.pop_back(); },
                                       [](CellConfig& c) { c.data.delimiter = ""; },
                                       [](CellConfig& c) { c.data.token_dtype = "uint32"; },
                                       [](CellConfig& c) { c.data.tokenizer = "/t.json"; },
                                       [](CellConfig& c) { c.data.mean_length = 3; }};
  std::set<std::string> ids = {odd_cell().id()};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CellConfig cell = odd_cell();
    changes[i](cell);
    EXPECT_TRUE(ids.insert(cell.id()).second) << "change " << i;
  }
}

}  // namespace
}  // namespace moebench::config
