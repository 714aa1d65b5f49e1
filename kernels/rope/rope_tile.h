#pragma once

#include "harness/base/bfloat16.h"
#include "kernels/gpu/vec.h"
#include "kernels/rope/rope.h"

namespace moebench::kernels {

// Says what a thread has of one head of a fused row: a vector of the first half from i on, and the
// one of the second half that it is rotated with.
struct RopeItem {
  std::int64_t row, head, i;
  std::int64_t kv_head;   // from 0: of k, then of v; below 0: the head is of q
  std::int64_t first;     // of the query heads of kv_head
  std::int64_t angle_at;  // in the tables
};

template <int width>
struct RopeGrid {
  static constexpr int kThreads = 128;
  std::int64_t rows, seq_len, num_heads, num_kv_heads, half, group;
  RowGrid<kThreads, 1> grid;

  explicit RopeGrid(const RopeShape& shape)
      : rows(shape.batch * shape.seq_len),
        seq_len(shape.seq_len),
        num_heads(shape.num_heads),
        num_kv_heads(shape.num_kv_heads),
        half(shape.head_dim / 2),
        group(shape.num_heads / shape.num_kv_heads),
        grid((shape.num_heads + 2 * shape.num_kv_heads) * (half / width)) {}
  std::int64_t num_blocks() const { return grid.num_blocks(rows); }
  MOEBENCH_HD bool has_work(ThreadPlace place) const { return grid.column(place) < grid.extent; }
  // Divides 32-bit numbers: blocks, and so rows, are fewer, and a GPU has no 64-bit division.
  MOEBENCH_HD RopeItem item(ThreadPlace place) const {
    const auto index = static_cast<std::uint32_t>(grid.column(place));
    const auto vectors = static_cast<std::uint32_t>(half) / width;
    const auto row = static_cast<std::uint32_t>(grid.row(place));
    RopeItem item;
    item.row = row;
    item.head = index / vectors;
    item.i = index % vectors * width;
    item.kv_head = item.head - num_heads;
    item.first = (item.kv_head < num_kv_heads ? item.kv_head : item.kv_head - num_kv_heads) * group;
    item.angle_at = row % static_cast<std::uint32_t>(seq_len) * half + item.i;
    return item;
  }
  // These say where a head begins in a fused row's array, and in one of q, k, v.
  MOEBENCH_HD std::int64_t fused(std::int64_t row, std::int64_t head) const {
    return (row * (num_heads + 2 * num_kv_heads) + head) * 2 * half;
  }
  MOEBENCH_HD std::int64_t split(std::int64_t row, std::int64_t head) const {
    return (row * num_heads + head) * 2 * half;
  }
};

// cos and sin of a vector's position and columns.
template <int width>
struct RopeAngles {
  float cos[width], sin[width];

  MOEBENCH_HD RopeAngles(const float* cos_table, const float* sin_table, std::int64_t at) {
    load_floats<width>(cos_table + at, cos);
    load_floats<width>(sin_table + at, sin);
  }
};

template <typename T, int width>
struct RopeForwardTile {
  static constexpr int kThreads = RopeGrid<width>::kThreads;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Local {};
  const T* qkv;
  const float* cos;
  const float* sin;
  T* q;
  T* k;
  T* v;
  RopeGrid<width> plan;

  std::int64_t num_blocks() const { return plan.num_blocks(); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    if (!plan.has_work(place)) return;
    const RopeItem item = plan.item(place);
    const T* in = qkv + plan.fused(item.row, item.head) + item.i;
    auto a = load<width>(in), b = load<width>(in + plan.half);
    if (item.kv_head < plan.num_kv_heads) rotate(a, b, item.angle_at);
    if (item.kv_head < 0) {
      write(q + plan.split(item.row, item.head) + item.i, a, b);
      return;
    }
    T* out = item.kv_head < plan.num_kv_heads ? k : v;
    for (std::int64_t h = item.first; h < item.first + plan.group; ++h) {
      write(out + plan.split(item.row, h) + item.i, a, b);
    }
  }

 private:
  // (a, b) -> (a cos - b sin, b cos + a sin)
  MOEBENCH_HD void rotate(Vec<T, width>& a, Vec<T, width>& b, std::int64_t angle_at) const {
    const RopeAngles<width> angle(cos, sin, angle_at);
    for (int j = 0; j < width; ++j) {
      const float x = to_float(a.at[j]), y = to_float(b.at[j]);
      a.at[j] = from_float<T>(x * angle.cos[j] - y * angle.sin[j]);
      b.at[j] = from_float<T>(y * angle.cos[j] + x * angle.sin[j]);
    }
  }
  MOEBENCH_HD void write(T* to, const Vec<T, width>& a, const Vec<T, width>& b) const {
    store(to, a);
    store(to + plan.half, b);
  }
};

template <typename T, int width>
struct RopeBackwardTile {
  static constexpr int kThreads = RopeGrid<width>::kThreads;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Local {};
  const T* dq;
  const T* dk;
  const T* dv;
  const float* cos;
  const float* sin;
  T* dqkv;
  RopeGrid<width> plan;

  std::int64_t num_blocks() const { return plan.num_blocks(); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    if (!plan.has_work(place)) return;
    const RopeItem item = plan.item(place);
    float a[width] = {}, b[width] = {};
    if (item.kv_head < 0) {
      add(dq + plan.split(item.row, item.head) + item.i, a, b);
    } else {
      const T* in = item.kv_head < plan.num_kv_heads ? dk : dv;
      for (std::int64_t h = item.first; h < item.first + plan.group; ++h) {
        add(in + plan.split(item.row, h) + item.i, a, b);
      }
    }
    if (item.kv_head < plan.num_kv_heads) rotate_back(a, b, item.angle_at);
    T* out = dqkv + plan.fused(item.row, item.head) + item.i;
    write(out, a);
    write(out + plan.half, b);
  }

 private:
  MOEBENCH_HD void add(const T* from, float* a, float* b) const {
    const auto first = load<width>(from), second = load<width>(from + plan.half);
    for (int j = 0; j < width; ++j) {
      a[j] += to_float(first.at[j]);
      b[j] += to_float(second.at[j]);
    }
  }
  MOEBENCH_HD void rotate_back(float* a, float* b, std::int64_t angle_at) const {
    const RopeAngles<width> angle(cos, sin, angle_at);
    for (int j = 0; j < width; ++j) {
      const float x = a[j], y = b[j];
      a[j] = x * angle.cos[j] + y * angle.sin[j];
      b[j] = y * angle.cos[j] - x * angle.sin[j];
    }
  }
  MOEBENCH_HD void write(T* to, const float* from) const {
    Vec<T, width> vec;
    for (int j = 0; j < width; ++j) vec.at[j] = from_float<T>(from[j]);
    store(to, vec);
  }
};

}  // namespace moebench::kernels
