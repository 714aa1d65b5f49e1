#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "harness/load/strategies.h"

namespace moebench::load {
namespace {

// A part's elements where the shard is mapped, or where a cast has put them.
struct Source {
  const std::byte* data;
  std::int64_t rows, cols;
  std::int64_t num_bytes(std::int64_t width) const { return rows * cols * width; }
};

template <std::size_t width>
void copy_columns(const Source& source, std::int64_t begin, std::int64_t end, std::byte* to) {
  for (std::int64_t c = begin; c < end; ++c) {
    for (std::int64_t r = 0; r < source.rows; ++r) {
      std::memcpy(to + (c * source.rows + r) * static_cast<std::int64_t>(width),
                  source.data + (r * source.cols + c) * static_cast<std::int64_t>(width), width);
    }
  }
}

// Rows [begin, end) of the transposed matrix, in the order in which a tensor library copies a
// transposed view: contiguous writes, strided reads.
void copy_transposed(const Source& source, std::int64_t width, std::int64_t begin, std::int64_t end,
                     std::byte* to) {
  switch (width) {
    case 1:
      return copy_columns<1>(source, begin, end, to);
    case 2:
      return copy_columns<2>(source, begin, end, to);
    case 4:
      return copy_columns<4>(source, begin, end, to);
    default:
      return copy_columns<8>(source, begin, end, to);
  }
}

class ConcatLoader {
 public:
  explicit ConcatLoader(LoadJob& job) : job_(job) {}

  void run() {
    const std::int64_t start = measure::now_ns();
    for (const Group& group : job_.request.groups) load_group(group);
    shard_moe_.calls = 1;
    shard_moe_.cumulative_ns = measure::now_ns() - start;
    shard_moe_.own_ns = shard_moe_.cumulative_ns - load_.cumulative_ns;
    load_.own_ns = load_.cumulative_ns - concat_.cumulative_ns - distribute_.cumulative_ns;
    concat_.own_ns = concat_.cumulative_ns;
    distribute_.own_ns = distribute_.cumulative_ns;
    job_.report.functions = {shard_moe_, load_, concat_, distribute_};
  }

 private:
  // A shard as fms-acceleration opens it, anew for each group.
  struct OpenShard {
    explicit OpenShard(const std::filesystem::path& path) : reader(path), mapping(reader.file()) {}
    weights::SafetensorsReader reader;
    FileMapping mapping;
  };

  // Counts a call of a function of the profile.
  class Call {
   public:
    explicit Call(FunctionTimes& times) : times_(times), start_(measure::now_ns()) {
      ++times_.calls;
    }
    ~Call() { times_.cumulative_ns += measure::now_ns() - start_; }

   private:
    FunctionTimes& times_;
    std::int64_t start_;
  };

  void load_group(const Group& group) {
    const Call call(load_);
    for (const Stack& stack : group.stacks) {
      const InStage in(job_.clock, Stage::kOpen);
      for (const Part& part : stack.parts) {
        auto& shard = shards_[job_.files.find(part.tensor, part.shape).file];
        if (!shard) {
          shard =
              std::make_unique<OpenShard>(job_.files.find(part.tensor, part.shape).file->path());
        }
      }
    }
    for (const Stack& stack : group.stacks) load_stack(stack);
    const InStage in(job_.clock, Stage::kFree);
    shards_.clear();
  }

  void load_stack(const Stack& stack) {
    const config::Dtype dtype = job_.request.dtype;
    std::vector<Memory> casts;  // of parts, where their dtypes differ
    weights::SourceType type;
    const std::vector<Source> sources = sources_of(stack, type, casts);
    const std::int64_t total = stack.num_elements();
    // Where nothing is cast or cut away, the result itself is what the rank keeps.
    const bool in_place = weights::is_same(type, dtype) && stack.keep_elements == total;
    Memory concatenated, converted;
    std::byte* whole = stack.destination;
    {
      const Call call(concat_);
      if (!in_place) {
        concatenated = Memory(total * weights::element_bytes(type), Memory::Pages::kSystem);
        whole = concatenated.data();
      }
      concatenate(sources, stack.transposed, weights::element_bytes(type), whole);
    }
    if (!weights::is_same(type, dtype)) {
      converted = Memory(total * weights::element_bytes(dtype), Memory::Pages::kSystem);
      cast(type, whole, total, converted.data());
      whole = converted.data();
    }
    if (!in_place) keep(stack, whole);
    const InStage in(job_.clock, Stage::kFree);
    casts.clear();
    concatenated = Memory();
    converted = Memory();
  }

  // The parts' elements, all of the same type.
  std::vector<Source> sources_of(const Stack& stack, weights::SourceType& type,
                                 std::vector<Memory>& casts) {
    std::vector<Source> sources;
    std::vector<weights::SourceType> types;
    for (const Part& part : stack.parts) {
      const auto tensor = job_.files.find(part.tensor, part.shape);
      const std::int64_t width = weights::element_bytes(tensor.type);
      const std::byte* data = shards_.at(tensor.file)->mapping.data() + tensor.info.offset;
      sources.push_back({data + part.begin * width, part.rows, part.cols});
      types.push_back(tensor.type);
      job_.report.bytes_read += part.num_elements() * width;
    }
    type = types.front();
    if (std::ranges::count(types, type) == std::ssize(types)) return sources;
    type = weights::stored_type(job_.request.dtype);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (types[i] == type) continue;
      const std::int64_t count = sources[i].rows * sources[i].cols;
      casts.emplace_back(count * weights::element_bytes(type), Memory::Pages::kSystem);
      cast(types[i], sources[i].data, count, casts.back().data());
      sources[i].data = casts.back().data();
    }
    return sources;
  }

  void concatenate(const std::vector<Source>& sources, bool transposed, std::int64_t width,
                   std::byte* to) {
    std::int64_t total = 0;
    for (const Source& source : sources) total += source.num_bytes(width);
    if (job_.options.pages_apart) touch(sources, width, to, total);
    const std::int64_t threads = job_.options.threads;
    run_workers(job_.clock, threads, [&](StageClock& clock, std::int64_t worker) {
      const InStage in(clock, transposed ? Stage::kTranspose : Stage::kConcat);
      std::byte* part = to;
      for (const Source& source : sources) {
        const std::int64_t rows = transposed ? source.cols : source.num_bytes(width);
        const std::int64_t begin = rows * worker / threads, end = rows * (worker + 1) / threads;
        if (transposed) {
          copy_transposed(source, width, begin, end, part);
        } else {
          std::memcpy(part + begin, source.data + begin, static_cast<std::size_t>(end - begin));
        }
        part += source.num_bytes(width);
      }
    });
  }

  void touch(const std::vector<Source>& sources, std::int64_t width, std::byte* to,
             std::int64_t num_bytes) {
    run_workers(job_.clock, job_.options.threads, [&](StageClock& clock, std::int64_t worker) {
      const std::int64_t threads = job_.options.threads;
      {
        const InStage in(clock, Stage::kFault);
        const std::int64_t begin = num_bytes * worker / threads;
        touch_for_writing(to + begin, num_bytes * (worker + 1) / threads - begin);
      }
      const InStage in(clock, Stage::kRead);
      for (const Source& source : sources) {
        const std::int64_t bytes = source.num_bytes(width), begin = bytes * worker / threads;
        touch_for_reading(source.data + begin, bytes * (worker + 1) / threads - begin);
      }
    });
  }

  void cast(weights::SourceType type, const std::byte* from, std::int64_t count, std::byte* to) {
    const config::Dtype dtype = job_.request.dtype;
    run_workers(job_.clock, job_.options.threads, [&](StageClock& clock, std::int64_t worker) {
      const InStage in(clock, Stage::kCast);
      const std::int64_t threads = job_.options.threads;
      const std::int64_t begin = count * worker / threads;
      weights::convert(type, from + begin * weights::element_bytes(type), dtype,
                       to + begin * weights::element_bytes(dtype),
                       count * (worker + 1) / threads - begin);
    });
  }

  // distribute_tensor, where this rank's own whole serves as the one that is scattered.
  void keep(const Stack& stack, const std::byte* whole) {
    FunctionTimes not_distributed;
    const Call call(stack.is_distributed ? distribute_ : not_distributed);
    const InStage in(job_.clock, Stage::kConcat);
    const std::int64_t width = weights::element_bytes(job_.request.dtype);
    std::memcpy(stack.destination, whole + stack.keep_begin * width,
                static_cast<std::size_t>(stack.keep_elements * width));
  }

  LoadJob& job_;
  std::map<const weights::SafetensorsReader*, std::unique_ptr<OpenShard>> shards_;
  FunctionTimes shard_moe_{"shard_moe"};
  FunctionTimes load_{"load_sharded_experts_onto_device"};
  FunctionTimes concat_{"torch.concat"};
  FunctionTimes distribute_{"distribute_tensor"};
};

}  // namespace

void load_by_concat(LoadJob& job) { ConcatLoader(job).run(); }

}  // namespace moebench::load
