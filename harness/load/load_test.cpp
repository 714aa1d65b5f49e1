#include "harness/load/load.h"

#include <gmock/gmock.h>

#include <map>
#include <numeric>

#include "harness/load/expert_request.h"
#include "harness/load/load_testing.h"
#include "harness/weights/stored_names.h"

namespace moebench::load {
namespace {

using config::Dtype;
using config::Loader;
using config::LoadIo;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Loader kAllLoaders[] = {Loader::kConcat, Loader::kSlice, Loader::kDirect,
                                  Loader::kBroadcast};

// Large enough that a matrix takes several reads, and no power of two.
config::ModelConfig test_model() {
  config::ModelConfig model = mini_model();
  model.num_experts = 4;
  model.hidden_size = 300;
  model.intermediate_size = 523;
  return model;
}

std::vector<TestTensor> tensors_of(const config::ModelConfig& model, const std::string& dtype) {
  std::vector<TestTensor> tensors;
  for (const weights::ParameterSpec& p : weights::model_parameters(model))
    tensors.push_back({p.name, p.shape, dtype});
  return tensors;
}

std::vector<Request> expert_requests(const config::ModelConfig& model, Dtype dtype, int ranks,
                                     int ep_degree) {
  std::vector<Request> requests;
  for (int r = 0; r < ranks; ++r) {
    const std::int64_t count = model.num_experts / ep_degree;
    const std::int64_t begin = r % ep_degree * count;
    requests.push_back(expert_request(model, dtype, {begin, begin + count}));
  }
  return requests;
}

// Shares out as FSDP does: a layer's parameters behind one another, an equal slice of them a rank.
std::vector<Request> slice_requests(const config::ModelConfig& model, Dtype dtype, int ranks) {
  Stack unit;
  for (const weights::ParameterSpec& p : weights::model_parameters(model)) {
    unit.parts.push_back({.tensor = p.name, .shape = p.shape, .cols = p.num_elements()});
  }
  const std::int64_t total = unit.num_elements(), slice = (total + ranks - 1) / ranks;
  std::vector<Request> requests;
  for (int r = 0; r < ranks; ++r) {
    unit.keep_begin = std::min(r * slice, total);
    unit.keep_elements = std::min(slice, total - unit.keep_begin);
    requests.push_back({.dtype = dtype, .groups = {{"all", {unit}}}});
  }
  return requests;
}

std::vector<std::string> expected_bytes(const std::vector<Request>& requests,
                                        const std::filesystem::path& checkpoint) {
  std::vector<std::string> expected;
  for (const Request& request : requests) expected.push_back(expected_bytes(request, checkpoint));
  return expected;
}

void expect_bits(const std::filesystem::path& checkpoint, const std::vector<Request>& requests,
                 const std::vector<std::string>& expected, const LoadOptions& options) {
  const auto loaded = load_all(checkpoint, requests, options);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    EXPECT_TRUE(loaded[r].bytes == expected[r])
        << "loader " << static_cast<int>(options.loader) << ", " << options.threads
        << " threads, io " << static_cast<int>(options.io) << ", rank " << r;
  }
}

void expect_all_loaders_right(const std::filesystem::path& checkpoint,
                              const std::vector<Request>& requests) {
  const auto expected = expected_bytes(requests, checkpoint);
  for (const Loader loader : kAllLoaders) {
    for (const std::int64_t threads : {1, 3}) {
      expect_bits(checkpoint, requests, expected, {.loader = loader, .threads = threads});
    }
    expect_bits(checkpoint, requests, expected, {.loader = loader, .pages_apart = true});
  }
}

class EveryDtype : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryDtype, GivesTheSameBitsByEveryLoader) {
  auto model = test_model();
  model.num_layers = 1;
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, GetParam()));
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kFp32}) {
    expect_all_loaders_right(folder, expert_requests(model, dtype, 2, 2));
    expect_all_loaders_right(folder, slice_requests(model, dtype, 3));
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, EveryDtype,
                         ::testing::Values("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"),
                         [](const auto& instance) { return instance.param; });

TEST(Load, ReadsDirectlyAndBuffered) {
  const auto model = test_model();
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "BF16"));
  for (const Loader loader : {Loader::kDirect, Loader::kBroadcast}) {
    const auto requests = expert_requests(model, Dtype::kBf16, 4, 2);
    const auto expected = expected_bytes(requests, folder);
    for (const LoadIo io : {LoadIo::kBuffered, LoadIo::kAuto}) {
      expect_bits(folder, requests, expected, {.loader = loader, .threads = 2, .io = io});
    }
    try {
      expect_bits(folder, requests, expected,
                  {.loader = loader, .threads = 2, .io = LoadIo::kDirect});
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("without direct reads"));
      GTEST_SKIP() << error.what();
    }
  }
  const auto loaded = load_all(folder, expert_requests(model, Dtype::kBf16, 1, 1),
                               {.loader = Loader::kDirect, .io = LoadIo::kDirect});
  EXPECT_EQ(loaded[0].report.bytes_direct, loaded[0].report.bytes_read);
}

TEST(Load, FindsExpertsThatAreSplitOverShardsInAnyOrder) {
  const auto model = test_model();
  const auto folder = test_folder();
  std::vector<std::vector<TestTensor>> shards(3);
  auto tensors = tensors_of(model, "BF16");
  std::reverse(tensors.begin(), tensors.end());
  for (std::size_t i = 0; i < tensors.size(); ++i) shards[i % 3].push_back(tensors[i]);
  shards[1].push_back({"something.extra", {7, 3}, "F32"});
  for (const std::size_t unevenness : {0, 1, 7}) {
    write_shards(folder, shards, unevenness);
    expect_all_loaders_right(folder, expert_requests(model, Dtype::kBf16, 2, 2));
    expect_all_loaders_right(folder, slice_requests(model, Dtype::kFp32, 2));
  }
}

TEST(Load, MixesDtypesWithinAStack) {
  const auto model = test_model();
  const auto folder = test_folder();
  auto tensors = tensors_of(model, "BF16");
  for (std::size_t i = 0; i < tensors.size(); i += 2) tensors[i].dtype = "F32";
  write_file(folder / "model.safetensors", tensors);
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kFp32}) {
    expect_all_loaders_right(folder, expert_requests(model, dtype, 2, 2));
  }
}

// GraniteMoe has all experts of a layer in one tensor, w1 above w3.
TEST(Load, CutsExpertsOutOfFusedTensors) {
  auto model = test_model();
  model.type = config::ModelType::kGraniteMoe;
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "F16"));
  const auto requests = expert_requests(model, Dtype::kBf16, 2, 2);
  expect_all_loaders_right(folder, requests);
  expect_all_loaders_right(folder, slice_requests(model, Dtype::kFp32, 3));
  // Rank 1's first w3 is that of expert 2, the lower half of its block.
  const Part& part = requests[1].groups[0].stacks[3].parts[2];
  EXPECT_EQ(part.tensor, "model.layers.0.block_sparse_moe.input_linear.weight");
  EXPECT_EQ(part.begin, (2 * 2 + 1) * 300 * 523);
}

// gpt-oss has gate and up columns in turns, [in, out], and biases.
TEST(Load, TransposesTheExpertsOfGptOss) {
  auto model = test_model();
  model.type = config::ModelType::kGptOss;
  model.expert_bias = model.router_bias = true;
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "BF16"));
  const auto requests = expert_requests(model, Dtype::kBf16, 2, 2);
  expect_all_loaders_right(folder, requests);
  expect_all_loaders_right(folder, slice_requests(model, Dtype::kFp32, 3));
  const std::vector<Stack>& stacks = requests[1].groups[0].stacks;
  ASSERT_EQ(stacks.size(), 5u);
  EXPECT_EQ(stacks[0].parts.size(), 2u) << "router and its bias";
  EXPECT_EQ(stacks[1].parts[2].begin, 2 * 300 * 2 * 523);
  EXPECT_TRUE(stacks[1].transposed);
  EXPECT_FALSE(stacks[2].transposed);
}

TEST(Load, TakesLayersWithExpertsAlone) {
  auto model = test_model();
  model.type = config::ModelType::kDeepseekV3;
  model.router_correction = true;
  model.dense_layers = {0};
  model.dense_intermediate_size = 40;
  model.shared_intermediate_size = 50;
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "BF16"));
  const auto requests = expert_requests(model, Dtype::kBf16, 2, 2);
  expect_all_loaders_right(folder, requests);
  expect_all_loaders_right(folder, slice_requests(model, Dtype::kBf16, 2));
  ASSERT_EQ(requests[0].groups.size(), 1u);
  EXPECT_EQ(requests[0].groups[0].name, "layers.1");
}

// As transformers 5 has them in memory.
TEST(Load, CutsExpertsOutOfStacksUnderOtherNames) {
  const auto model = test_model();
  const auto folder = test_folder();
  std::map<std::string, TestTensor> tensors;
  for (const TestTensor& tensor : tensors_of(model, "F32")) {
    const auto stack = weights::expert_stack(tensor.name, tensor.shape, model.num_experts);
    if (stack.tensor.empty()) {
      tensors[tensor.name] = tensor;
    } else {
      tensors[stack.tensor] = {stack.tensor, stack.shape, tensor.dtype};
    }
  }
  std::vector<TestTensor> stored;
  for (const auto& [name, tensor] : tensors) stored.push_back(tensor);
  write_file(folder / "model.safetensors", stored);
  expect_all_loaders_right(folder, expert_requests(model, Dtype::kBf16, 2, 2));
  expect_all_loaders_right(folder, slice_requests(model, Dtype::kFp32, 3));
}

TEST(Load, FillsDestinationsOfTheCaller) {
  const auto model = test_model();
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "F32"));
  for (const Loader loader : {Loader::kConcat, Loader::kSlice, Loader::kDirect}) {
    Request request = slice_requests(model, Dtype::kFp32, 3)[1];
    const std::string expected = expected_bytes(request, folder);
    std::string own(expected.size(), '\0');
    request.groups[0].stacks[0].destination = reinterpret_cast<std::byte*>(own.data());
    Memory memory;
    load(folder, request, memory, {.loader = loader});
    EXPECT_TRUE(own == expected);
    EXPECT_EQ(memory.data(), nullptr);
  }
}

TEST(Load, CountsWhatItReadsAndCopies) {
  const auto model = test_model();
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "BF16"));
  const auto requests = expert_requests(model, Dtype::kBf16, 4, 4);
  const std::int64_t router = 4 * 300 * 2, expert = 3 * 300 * 523 * 2;
  for (const Loader loader : kAllLoaders) {
    for (const Loaded& loaded : load_all(folder, requests, {.loader = loader})) {
      const LoadReport& report = loaded.report;
      EXPECT_EQ(report.bytes_needed, 2 * (router + expert));
      EXPECT_GT(report.total_ns, 0);
      EXPECT_EQ(std::accumulate(report.stages.begin(), report.stages.end(), std::int64_t{0}),
                report.total_ns);
      EXPECT_GT(report.minor_faults, 0);
      if (loader == Loader::kConcat) {
        EXPECT_EQ(report.bytes_read, 2 * (router + 4 * expert));
      } else if (loader == Loader::kSlice) {
        EXPECT_EQ(report.bytes_read, report.bytes_needed);
      }
    }
  }
}

TEST(Load, BroadcastReadsEveryByteOnce) {
  const auto model = test_model();
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "BF16"));
  for (const int ep_degree : {1, 2, 4}) {
    const auto requests = expert_requests(model, Dtype::kBf16, 4, ep_degree);
    std::int64_t read = 0, received = 0;
    for (const Loaded& loaded : load_all(folder, requests, {.loader = Loader::kBroadcast})) {
      read += loaded.report.bytes_read;
      received += loaded.report.bytes_received;
    }
    const std::int64_t once = 2 * 2 * (4 * 300 + 4 * 3 * 300 * 523);
    EXPECT_EQ(read, once);
    std::int64_t needed = 0;
    for (const Request& request : requests) needed += request.kept_bytes();
    EXPECT_EQ(received, needed - once) << "what a rank has not read itself it was sent";
  }
}

TEST(Load, CallsTheSeedsFunctionsAsOftenAsTheSeed) {
  const auto model = test_model();
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "BF16"));
  const auto loaded =
      load_all(folder, expert_requests(model, Dtype::kBf16, 2, 2), {.loader = Loader::kConcat});
  const auto& functions = loaded[0].report.functions;
  ASSERT_EQ(functions.size(), 4u);
  const std::vector<std::pair<std::string, std::int64_t>> expected = {
      {"shard_moe", 1},
      {"load_sharded_experts_onto_device", 2},  // one a layer
      {"torch.concat", 8},                      // router, w1, w2, w3
      {"distribute_tensor", 6}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(functions[i].name, expected[i].first);
    EXPECT_EQ(functions[i].calls, expected[i].second);
    EXPECT_LE(functions[i].own_ns, functions[i].cumulative_ns);
  }
  EXPECT_LE(functions[0].cumulative_ns, loaded[0].report.total_ns);
}

TEST(Load, RunsOverThreadsThatAreMoreThanTheWork) {
  const auto model = mini_model();
  const auto folder = test_folder();
  write_file(folder / "model.safetensors", tensors_of(model, "BF16"));
  const auto requests = expert_requests(model, Dtype::kFp32, 3, 3);
  const auto expected = expected_bytes(requests, folder);
  for (const Loader loader : kAllLoaders) {
    expect_bits(folder, requests, expected, {.loader = loader, .threads = 16});
  }
}

}  // namespace
}  // namespace moebench::load
