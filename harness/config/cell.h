#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/config/engine.h"
#include "harness/config/enums.h"
#include "harness/config/network.h"

namespace moebench::config {

// Who chooses the experts of a token. All but kLearned replace the router's choice and nothing
// else: its cost and its gradient stay.
struct Routing {
  RoutingKind kind = RoutingKind::kLearned;
  double skew = 0;  // kSkewed: exponent of a Zipf law over the experts; 0 = even on average
  std::string trace_file{};  // kTrace: absolute path
};

// How far and how fast rotary embeddings turn (Su et al. 2021). `factor` and what follows it have a
// meaning with a scaling alone; config/rope.h computes with them.
struct RopeConfig {
  std::int64_t rotary_dim = 0;  // of a head's dimensions; 0 = all that there are to rotate
  bool interleaved = false;     // pairs are neighbours, not halves
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1;
  std::int64_t original_positions = 0;               // that the model was first trained on
  double low_freq_factor = 0, high_freq_factor = 0;  // kLlama3
  double beta_fast = 32, beta_slow = 1;              // kYarn, as the rest
  bool truncate = true;                              // whole dimensions as the ends of the ramp
  double attention_factor = 0;  // of cos and sin; 0 = what mscale or factor make of it
  double mscale = 0, mscale_all_dim = 0;
};

// A decoder as in a Hugging Face config.json: parts, of which every layer has some. Members from
// `type` on were added later (FieldRules::is_later): initial values are what all models had before.
struct ModelConfig {
  std::string name;  // file name without .json, or the folder's name
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;  // of an expert
  std::int64_t num_layers = 0;
  std::int64_t num_experts = 0;
  std::int64_t top_k = 0;
  std::int64_t num_heads = 0;
  std::int64_t num_kv_heads = 0;
  std::int64_t head_dim = 0;  // of queries and keys
  std::int64_t vocab_size = 0;
  std::int64_t max_position_embeddings = 0;
  double rope_theta = 1e6;
  double rms_norm_eps = 1e-5;
  double router_aux_loss_coef = 0.0;  // 0 also where the reference has no such loss
  double initializer_range = 0.02;
  bool tie_word_embeddings = false;
  std::int64_t sliding_window = 0;  // positions that a token sees, itself included; 0 = all

  ModelType type = ModelType::kMixtral;
  double attention_multiplier = 0;  // of the attention scores; 0 = 1 / sqrt(head_dim)
  double embedding_multiplier = 1;
  double residual_multiplier = 1;  // of what attention and experts add to the residual
  double logits_scaling = 1;       // the logits are divided by it
  // Lookups of this token give the embedding table no gradient, as in PyTorch; -1 = none.
  std::int64_t pad_token_id = -1;

  // Attention. Grouped-query (Ainslie et al. 2023), or latent where kv_lora_rank is not 0 (DeepSeek
  // V2, 2024): keys and values are projected from a vector of kv_lora_rank, queries from one of
  // q_lora_rank (0: from the layer's input), and qk_rope_head_dim dimensions of each key, the same
  // for all heads, carry the positions. Then head_dim = qk_nope_head_dim + qk_rope_head_dim, and
  // num_kv_heads = num_heads.
  QkNorm qk_norm = QkNorm::kNone;
  bool qkv_bias = false;  // latent: of the projections to the two latent vectors
  bool o_bias = false;
  bool attention_sinks = false;  // a logit for each head that takes part in the softmax alone
  std::vector<std::int64_t> full_attention_layers{};  // that no sliding_window holds for
  std::int64_t q_lora_rank = 0;
  std::int64_t kv_lora_rank = 0;
  std::int64_t qk_nope_head_dim = 0;
  std::int64_t qk_rope_head_dim = 0;
  std::int64_t v_head_dim = 0;  // latent alone; else head_dim
  RopeConfig rope{};

  // Router.
  RouterScore router_score = RouterScore::kSoftmax;
  bool normalise_top_k = true;  // the chosen scores are divided by their sum
  double routed_scaling_factor = 1;
  bool router_bias = false;
  bool router_fp32 = false;            // logits are computed in fp32, whatever the cell's dtype
  bool router_correction = false;      // a bias of the choice alone, which no gradient trains
  std::int64_t num_expert_groups = 1;  // of which the experts of a token come from
  std::int64_t top_k_groups = 1;       // so many
  GroupScore group_score = GroupScore::kBest;

  // Experts, and what stands beside or in place of them.
  bool expert_bias = false;
  // 0 = SwiGLU. Else gate and up are clamped to it, and (up + 1) x gate x sigmoid(alpha x gate).
  double swiglu_limit = 0;
  double swiglu_alpha = 1.702;
  std::int64_t shared_intermediate_size = 0;  // of all shared experts together; 0 = none
  bool shared_gate = false;                   // their output times sigmoid(w x)
  std::vector<std::int64_t> dense_layers{};   // that have a gated MLP in place of experts
  std::int64_t dense_intermediate_size = 0;

  // What CellConfig::router_aux_loss is where nobody says; in no file.
  bool output_router_logits = false;
  // In no file: how the weights of the checkpoint that it came with are quantised, empty where they
  // are not. Trained is the model without that.
  std::string quantised{};
  // In no file: where a scenario file found it, without ".json" or "/config.json"; and the shortest
  // end of that which tells it from another model of its name in the file ("run1/final"), empty
  // where the name does.
  std::string path{};
  std::string label{};
  // In no file: the text of its config.json where a scenario sets keys of a base otherwise, which
  // name, path and label say then: "tiny(num_hidden_layers=2)". Null: a file that stands as it is.
  std::shared_ptr<const std::string> overridden{};

  bool is_latent() const { return kv_lora_rank > 0; }
  // The router takes the best of all experts by their softmax, as most do: one kernel's work.
  bool takes_best_of_softmax() const {
    return router_score == RouterScore::kSoftmax && !router_correction && num_expert_groups == 1;
  }
  bool is_dense(std::int64_t layer) const;
  std::int64_t num_sparse_layers() const { return num_layers - std::ssize(dense_layers); }
  // Dense ones among the first `layers`.
  std::int64_t num_dense_before(std::int64_t layers) const;
  // The layer's place among those with experts, and the layer of such a place.
  std::int64_t sparse_index(std::int64_t layer) const;
  std::int64_t sparse_layer(std::int64_t index) const;
  // Positions that a token of this layer sees at most; 0 = all before it.
  std::int64_t window_of(std::int64_t layer) const;
  std::int64_t value_dim() const { return is_latent() ? v_head_dim : head_dim; }
  // Dimensions of each head that are rotated, and where in it they begin.
  std::int64_t rotary_dim() const;
  std::int64_t rotary_begin() const { return is_latent() ? qk_nope_head_dim : 0; }
};

struct DataConfig {
  DataSource source = DataSource::kSynthetic;
  std::vector<std::string> files;      // absolute paths
  std::string delimiter = "\n\n";      // kText: what separates two samples; "" = fixed blocks
  std::string token_dtype = "uint16";  // kTokens: uint16 | uint32, little endian
  double mean_length = 210;            // kSynthetic: mean sample length in tokens
  std::string tokenizer{};             // kText: path of a tokenizer.json; "" = a token is a byte
  // Where ranks find the text that the driver has encoded (data/encoded_text.h); no identity.
  std::string encoded{};
};

// How the initial weights come from `load_from`.
struct LoadConfig {
  Loader loader = Loader::kDirect;
  Cache cache = Cache::kAny;  // what of the files is in the page cache before
  LoadIo io = LoadIo::kAuto;
  // Of Measure::kLoad alone:
  LoadTensors tensors = LoadTensors::kAll;
  std::int64_t one_rank = -1;  // that one process plays, without the others; -1 = all ranks
};

// That a cell fails is known: it is shown, and not held against the run.
struct KnownFailureRule {
  std::string reason;
  std::string until;  // last day on which it is, YYYY-MM-DD; empty: no end
};

// The scenario file that a cell is of.
struct ScenarioOrigin {
  std::string path;                    // absolute
  std::vector<std::string> scenarios;  // names of all that it has
  // By scenario, where one is named: axis values of the cells that its others are compared with,
  // "parallelism=fsdp,expert_kernel=grouped".
  std::map<std::string, std::string> baselines{};
};

// One fully resolved point of the matrix: everything a rank needs, and nothing of this machine
// but the absolute paths of data and checkpoint.
struct CellConfig {
  std::string scenario;  // the first one of `scenarios`
  ModelConfig model;     // of another engine it may have no name: the engine alone knows it
  EngineConfig engine;
  Parallelism parallelism = Parallelism::kFsdp;
  std::int64_t ep_degree = 1;  // 1 unless kEp
  // Ranks that hold one copy of the model: 0 = all ranks, unless kHsdp, which has several copies.
  std::int64_t shard_degree = 0;
  ExpertKernel expert_kernel = ExpertKernel::kLoop;
  std::int64_t ranks = 1;
  // Hosts that the ranks are spread over, `ranks_per_node` with consecutive numbers on each, so
  // that their product is `ranks`; both 0 = wherever the launcher puts them.
  std::int64_t nodes = 0;
  std::int64_t ranks_per_node = 0;
  // Links between the hosts: as they are, or the rate that test hosts' are shaped to (network.h).
  std::string network = kLocalNetwork;
  std::int64_t micro_batch = 1;  // samples a rank and micro-step
  std::int64_t grad_accumulation = 1;
  std::int64_t seq_len = 256;  // tokens; longer samples are cut
  bool packing = false;
  Dtype dtype = Dtype::kBf16;
  bool activation_checkpointing = false;
  // How often a layer's parameters are gathered in a micro-step: for forward and backward, or, with
  // activation checkpointing alone, for forward, recomputation and gradients.
  std::int64_t gathers = 2;
  // Layers that are gathered ahead of the one that is computed, 0 to 2; from 1 on a layer's
  // gradient is reduced behind the backward pass of the layer before it. A scenario that does not
  // say gets default_prefetch().
  std::int64_t prefetch = 1;
  // Gradients are reduced after each micro-batch; or stay unsharded until the step's last one.
  bool sync_each_batch = true;
  Optimizer optimizer = Optimizer::kFused;
  bool keep_gradients = true;  // the gradient's shard lives on between steps
  Routing routing;
  // The load-balancing loss is part of the loss, weighted by model.router_aux_loss_coef. A scenario
  // that does not say gets default_router_aux_loss().
  bool router_aux_loss = true;
  std::uint64_t seed = 0;
  LoadConfig load;
  Measure measure = Measure::kTrain;  // kLoad: the weights are loaded, nothing is trained

  std::int64_t steps = 10;        // measured
  std::int64_t warmup_steps = 2;  // run before, not measured; the first of them is first_step_time
  double learning_rate = 5e-5;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double weight_decay = 0.0;
  double max_grad_norm = 1.0;  // 0 = no clipping
  std::int64_t threads_per_rank = 1;
  Device device = Device::kCpu;       // kAuto: a GPU for each rank of a machine, else kCpu
  Dtype reduce_dtype = Dtype::kFp32;  // that gradients are summed in over ranks; kBf16: CUDA alone
  // How ranks with GPUs exchange tensors: GPU to GPU, or through the host.
  DeviceCollectives device_collectives = DeviceCollectives::kNccl;
  Binding bind = Binding::kNone;      // of ranks to cores
  std::string load_from;              // checkpoint folder; empty = seeded initial weights
  std::int64_t checkpoint_every = 0;  // a save after so many steps, warm-up included; 0 = never
  bool perturb_weights = false;       // begins with every weight one unit in its last place off
  std::string resume_from;            // checkpoint to continue, or a folder of them; empty = none
  DataConfig data;

  // Driver-side; not part of the identity.
  std::int64_t repeats = 1;  // with `repeats_auto` the fewest
  // In no file: goes on until every interval of what it gains reaches `gain_width`, half of it
  // relative to the gain, or it has repeated `max_repeats` times.
  bool repeats_auto = false;
  double gain_width = 0.05;
  std::int64_t max_repeats = 10;
  Profile profile = Profile::kNone;
  bool check_numerics = true;  // measure what arms are compared by
  double time_limit_s = 0;     // a repetition; 0 = none
  // Without progress, 0 = none; nullopt = by launch::progress_limit_s(). In no file.
  std::optional<double> progress_limit_s;
  double collective_time_limit_s = 600;  // of one between GPUs, from where its turn has come
  std::string require_transport;         // that ranks must have used; empty = any
  std::string checkpoint_folder;         // empty = in the repetition's own folder
  std::int64_t keep_checkpoints = 0;     // the newest ones stay; 0 = all
  // What `moebench verify-resume` continues this cell as; null = as itself. In no file.
  std::shared_ptr<const CellConfig> resumed_as;
  std::optional<KnownFailureRule> known_failure;  // in no file
  // In no file: where it is from (null: no scenario file), and which scenarios of that file have
  // this cell, as far as they were asked for; empty: `scenario` alone.
  std::shared_ptr<const ScenarioOrigin> file;
  std::vector<std::string> scenarios{};

  // The axes in printing order, every one resolved, values as printed (axis_table.h); of another
  // engine those that it takes, and its parameters.
  std::vector<std::pair<std::string, std::string>> axes() const;

  // That the launcher starts: the ranks, or the one that is played.
  std::int64_t processes() const { return load.one_rank < 0 ? ranks : 1; }

  // Of the load-balancing loss in the loss that is trained on.
  double router_aux_loss_weight() const { return router_aux_loss ? model.router_aux_loss_coef : 0; }

  // Canonical YAML text of the identity fields (fields.h); the same configuration gives the same
  // text, in every version that knows its fields.
  std::string canonical_text() const;

  // The same fields one by one: {"model.hidden_size", "128"}, ...
  std::vector<std::pair<std::string, std::string>> identity_fields() const;

  // 12 hexadecimal digits: the hash of canonical_text().
  std::string id() const;

  // The same for what is computed, however it is done: cells that share it train the same model on
  // the same global batches, so their losses and gradient norms must agree. Fields that say how or
  // where are left out (FieldRules::in_workload); ranks and grad_accumulation count as their
  // product. All optimizers are the same AdamW: what they round differently in bf16 stays within
  // the bound for the order of sums (mixtral-tiny, 100 steps: 1e-4 of the loss, 2e-3 of the
  // gradient norm; fp32: 2e-9 and 3e-8), and a comparison that did not check it would be blind to a
  // wrong update.
  // What an engine computes that does not say `same_numerics` is compared with nothing.
  std::string workload() const;
};

std::string to_string(const Routing& value);  // "learned", "balanced", "skewed(1.5)", "trace(/f)"

// What a record that does not state an axis means: the initial value, since the axis came after the
// record's version. "" for an axis that every version states, and for one that this one does not
// know.
std::string unstated_axis(std::string_view name);

// Reads a Hugging Face config.json of a model_type above. Error names file, key and remedy.
ModelConfig load_model_config(const std::filesystem::path& path);

// The resolved cell as a file that a rank reads back unchanged.
void write_cell(const CellConfig& cell, const std::filesystem::path& path);
CellConfig read_cell(const std::filesystem::path& path);

}  // namespace moebench::config
