#pragma once

#include <algorithm>
#include <barrier>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/bfloat16.h"
#include "harness/base/file.h"
#include "harness/load/load.h"
#include "harness/weights/convert.h"
#include "harness/weights/weights_testing.h"

namespace moebench::load {

struct TestTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string dtype = "BF16";
};

inline std::int64_t num_bytes(const TestTensor& tensor) {
  std::int64_t bytes = weights::element_bytes(*weights::source_type(tensor.dtype));
  for (const std::int64_t extent : tensor.shape) bytes *= extent;
  return bytes;
}

// Random bits, but for each number's top byte: most are ordinary numbers.
inline std::string random_bytes(const TestTensor& tensor) {
  std::mt19937 generator(static_cast<std::uint32_t>(std::hash<std::string>()(tensor.name)));
  std::string bytes(static_cast<std::size_t>(num_bytes(tensor)), '\0');
  const auto width =
      static_cast<std::size_t>(weights::element_bytes(*weights::source_type(tensor.dtype)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool top = width > 1 && i % width == width - 1;
    bytes[i] = static_cast<char>(top ? 0x3a + generator() % 6 : generator());
  }
  return bytes;
}

// A file of these tensors, whose data begin after a header of `length % 8 == unevenness`: old
// writers did not align it.
inline void write_file(const std::filesystem::path& path, const std::vector<TestTensor>& tensors,
                       std::size_t unevenness = 0) {
  std::string header = "{", data;
  for (const TestTensor& tensor : tensors) {
    header += fmt::format(R"({}"{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                          header.size() == 1 ? "" : ",", tensor.name, tensor.dtype,
                          weights::to_string(tensor.shape), data.size(),
                          static_cast<std::int64_t>(data.size()) + num_bytes(tensor));
    data += random_bytes(tensor);
  }
  header += "}";
  while (header.size() % 8 != unevenness) header += ' ';
  const std::uint64_t length = header.size();
  std::string content(sizeof length, '\0');
  std::memcpy(content.data(), &length, sizeof length);
  write_file_atomically(path, content + header + data);
}

// shards[i] holds what is named for it; the index names all.
inline void write_shards(const std::filesystem::path& folder,
                         const std::vector<std::vector<TestTensor>>& shards,
                         std::size_t unevenness = 0) {
  std::string index;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("shard-{}.safetensors", i);
    write_file(folder / name, shards[i], unevenness);
    for (const TestTensor& tensor : shards[i]) {
      index += fmt::format(R"({}"{}":"{}")", index.empty() ? "" : ",", tensor.name, name);
    }
  }
  write_file_atomically(folder / "model.safetensors.index.json",
                        R"({"weight_map":{)" + index + "}}");
}

inline void append_as(config::Dtype dtype, float value, std::string& bytes) {
  const Bfloat16 narrow = from_float<Bfloat16>(value);
  if (dtype == config::Dtype::kBf16) {
    bytes.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
  } else {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
}

// Computes what a request's destinations must hold, one element at a time from the reader's floats.
inline std::string expected_bytes(const Request& request, const std::filesystem::path& checkpoint) {
  weights::CheckpointFiles files(checkpoint);
  std::string all;
  for (const Group& group : request.groups) {
    for (const Stack& stack : group.stacks) {
      std::string whole;
      for (const Part& part : stack.parts) {
        const auto tensor = files.find(part.tensor, part.shape);
        std::vector<float> values(static_cast<std::size_t>(part.num_elements()));
        tensor.read(part.begin, values);
        const std::int64_t rows = stack.transposed ? part.cols : 1;
        const std::int64_t cols = part.num_elements() / rows;
        for (std::int64_t r = 0; r < rows; ++r) {
          for (std::int64_t c = 0; c < cols; ++c) {
            append_as(request.dtype, values[static_cast<std::size_t>(c * rows + r)], whole);
          }
        }
      }
      const std::int64_t width = weights::element_bytes(request.dtype);
      all += whole.substr(static_cast<std::size_t>(stack.keep_begin * width),
                          static_cast<std::size_t>(stack.keep_elements * width));
    }
  }
  return all;
}

inline std::string loaded_bytes(const Request& request) {
  std::string all;
  for (const Group& group : request.groups) {
    for (const Stack& stack : group.stacks) {
      all.append(
          reinterpret_cast<const char*>(stack.destination),
          static_cast<std::size_t>(stack.keep_elements * weights::element_bytes(request.dtype)));
    }
  }
  return all;
}

// Threads of this process as the ranks of an exchange.
class ThreadExchange {
 public:
  explicit ThreadExchange(int size)
      : size_(size), barrier_(size), sends_(static_cast<std::size_t>(size)) {}

  class End : public Exchange {
   public:
    End(ThreadExchange& all, int rank) : all_(all), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return all_.size_; }
    void all_to_all(const void* send, std::span<const std::int64_t> send_bytes, void* receive,
                    std::span<const std::int64_t> receive_bytes) override {
      all_.sends_[static_cast<std::size_t>(rank_)] = {static_cast<const char*>(send), send_bytes};
      all_.barrier_.arrive_and_wait();
      auto* to = static_cast<char*>(receive);
      for (std::size_t r = 0; r < all_.sends_.size(); ++r) {
        const auto& [from, bytes] = all_.sends_[r];
        std::int64_t skipped = 0;
        for (int d = 0; d < rank_; ++d) skipped += bytes[static_cast<std::size_t>(d)];
        EXPECT_EQ(bytes[static_cast<std::size_t>(rank_)], receive_bytes[r]);
        std::copy_n(from + skipped, receive_bytes[r], to);
        to += receive_bytes[r];
      }
      all_.barrier_.arrive_and_wait();
    }

   private:
    ThreadExchange& all_;
    int rank_;
  };

 private:
  int size_;
  std::barrier<> barrier_;
  std::vector<std::pair<const char*, std::span<const std::int64_t>>> sends_;
};

struct Loaded {
  std::string bytes;
  LoadReport report;
};

// Every rank loads its request, by broadcast together, else one after the other.
inline std::vector<Loaded> load_all(const std::filesystem::path& checkpoint,
                                    const std::vector<Request>& requests, LoadOptions options) {
  std::vector<Loaded> loaded(requests.size());
  const auto load_one = [&](std::size_t rank, LoadOptions own) {
    Request request = requests[rank];
    Memory memory;
    loaded[rank].report = load(checkpoint, request, memory, own);
    loaded[rank].bytes = loaded_bytes(request);
  };
  if (options.loader != config::Loader::kBroadcast) {
    for (std::size_t r = 0; r < requests.size(); ++r) load_one(r, options);
    return loaded;
  }
  ThreadExchange exchange(static_cast<int>(requests.size()));
  options.requests = requests;
  std::vector<std::thread> ranks;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    ranks.emplace_back([&, r] {
      ThreadExchange::End end(exchange, static_cast<int>(r));
      LoadOptions own = options;
      own.exchange = &end;
      load_one(r, own);
    });
  }
  for (std::thread& rank : ranks) rank.join();
  return loaded;
}

}  // namespace moebench::load
