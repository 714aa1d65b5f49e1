#pragma once

#include <limits>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/require.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {

// Sorts the rows of dx by token, stably and without atomic operations, then sums each token's:
//   SortChunkTile     a block sorts kChunk rows: a row's place is the number of those before it
//   MergeChunksTile   a row's place among all: its place in its chunk, and what a binary search in
//                     each other chunk finds before it
//   FirstRowsTile     where each token's rows begin, by a binary search
//   EmbeddingSumTile  a block sums a piece of one token's rows in the order of t
struct EmbeddingPlan {
  static constexpr int kChunk = 512;
  std::int64_t rows, vocab;
  std::int32_t* chunk_tokens;  // [rows], sorted inside each chunk
  std::int32_t* chunk_rows;    // [rows], the t of each
  std::int32_t* tokens;        // [rows], sorted
  std::int32_t* order;         // [rows], the t of each
  std::int32_t* begin;         // [vocab + 1], in `order`

  EmbeddingPlan(std::int64_t num_rows, std::int64_t num_tokens, std::int32_t* workspace)
      : rows(num_rows),
        vocab(num_tokens),
        chunk_tokens(workspace),
        chunk_rows(workspace + num_rows),
        tokens(workspace + 2 * num_rows),
        order(workspace + 3 * num_rows),
        begin(workspace + 4 * num_rows) {}
  static std::int64_t workspace(std::int64_t rows, std::int64_t vocab) {
    return 4 * rows + vocab + 1;
  }
};

// Counts how many of `count` ascending tokens are smaller than `limit`.
MOEBENCH_HD inline std::int32_t count_below(const std::int32_t* ascending, std::int32_t count,
                                            std::int32_t limit) {
  std::int32_t low = 0, high = count;
  while (low < high) {
    const std::int32_t middle = low + (high - low) / 2;
    if (ascending[middle] < limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

struct SortChunkTile {
  static constexpr int kThreads = EmbeddingPlan::kChunk;
  static constexpr int kPhases = 2;
  struct Shared {
    std::int32_t tokens[kThreads];
  };
  struct Local {};
  const std::int64_t* tokens;
  EmbeddingPlan plan;

  std::int64_t num_blocks() const { return divide_up(plan.rows, kThreads); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared& shared, Local&) const {
    const std::int64_t first = static_cast<std::int64_t>(place.block) * kThreads,
                       t = first + place.thread;
    if constexpr (phase == 0) {
      shared.tokens[place.thread] =
          t < plan.rows ? valid(tokens[t]) : std::numeric_limits<std::int32_t>::max();
    } else if (t < plan.rows) {
      const std::int32_t own = shared.tokens[place.thread];
      std::int32_t before = 0;
      for (int k = 0; k < kThreads; ++k) {
        before += shared.tokens[k] < own + (k < place.thread ? 1 : 0) ? 1 : 0;
      }
      plan.chunk_tokens[first + before] = own;
      plan.chunk_rows[first + before] = static_cast<std::int32_t>(t);
    }
  }

 private:
  MOEBENCH_HD std::int32_t valid(std::int64_t token) const {
    require(token >= 0 && token < plan.vocab);
    return static_cast<std::int32_t>(token);
  }
};

struct MergeChunksTile {
  static constexpr int kThreads = 128;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Local {};
  EmbeddingPlan plan;

  std::int64_t num_blocks() const { return divide_up(plan.rows, kThreads); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t i = static_cast<std::int64_t>(place.block) * kThreads + place.thread;
    if (i >= plan.rows) return;
    constexpr std::int64_t kChunk = EmbeddingPlan::kChunk;
    const std::int32_t token = plan.chunk_tokens[i];
    const std::int64_t own = i / kChunk * kChunk;
    std::int64_t before = i - own;
    for (std::int64_t first = 0; first < plan.rows; first += kChunk) {
      if (first == own) continue;
      const std::int64_t left = plan.rows - first;
      // Rows of the same token come before if their chunk does.
      before += count_below(plan.chunk_tokens + first,
                            static_cast<std::int32_t>(left < kChunk ? left : kChunk),
                            token + (first < own ? 1 : 0));
    }
    plan.tokens[before] = token;
    plan.order[before] = plan.chunk_rows[i];
  }
};

struct FirstRowsTile : OnePhaseTile {
  EmbeddingPlan plan;

  explicit FirstRowsTile(const EmbeddingPlan& embedding_plan) : plan(embedding_plan) {}
  std::int64_t num_blocks() const { return divide_up(plan.vocab + 1, kThreads); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t token = static_cast<std::int64_t>(place.block) * kThreads + place.thread;
    if (token > plan.vocab) return;
    plan.begin[token] = count_below(plan.tokens, static_cast<std::int32_t>(plan.rows),
                                    static_cast<std::int32_t>(token));
  }
};

template <typename T, int width>
struct EmbeddingSumTile : OnePhaseTile {
  const T* dx;
  T* dtable;
  EmbeddingPlan plan;
  RowGrid<kThreads, width> grid;
  bool accumulate;

  EmbeddingSumTile(const T* dx_in, T* dtable_in, const EmbeddingPlan& embedding_plan,
                   std::int64_t hidden, bool add)
      : dx(dx_in), dtable(dtable_in), plan(embedding_plan), grid(hidden), accumulate(add) {}
  std::int64_t num_blocks() const { return grid.num_blocks(plan.vocab); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t token = grid.row(place), i = grid.column(place);
    if (i >= grid.extent) return;
    const std::int32_t begin = plan.begin[token], end = plan.begin[token + 1];
    if (accumulate && begin == end) return;
    T* out = dtable + token * grid.extent + i;
    float sum[width] = {};
    if (accumulate) add(load<width>(out), sum);
    add_rows(begin, end, i, sum);
    Vec<T, width> result;
    for (int k = 0; k < width; ++k) result.at[k] = from_float<T>(sum[k]);
    store(out, result);
  }

 private:
  MOEBENCH_HD void add_rows(std::int32_t begin, std::int32_t end, std::int64_t i,
                            float* sum) const {
    constexpr int kBatch = 8;  // loads under way together, for tokens that occur often
    std::int32_t r = begin;
    for (; r + kBatch <= end; r += kBatch) {
      Vec<T, width> batch[kBatch];
      for (int b = 0; b < kBatch; ++b) batch[b] = row_at(r + b, i);
      for (int b = 0; b < kBatch; ++b) add(batch[b], sum);
    }
    for (; r < end; ++r) add(row_at(r, i), sum);
  }
  MOEBENCH_HD Vec<T, width> row_at(std::int32_t r, std::int64_t i) const {
    return load<width>(dx + plan.order[r] * grid.extent + i);
  }
  MOEBENCH_HD void add(const Vec<T, width>& vec, float* sum) const {
    for (int k = 0; k < width; ++k) sum[k] += to_float(vec.at[k]);
  }
};

}  // namespace moebench::kernels
