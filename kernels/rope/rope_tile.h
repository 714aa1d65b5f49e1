#pragma once

#include "harness/base/bfloat16.h"
#include "kernels/gpu/vec.h"
#include "kernels/rope/rope.h"

namespace moebench::kernels {

enum class RopeZone { kRotated, kKept, kPadding };

// Says what a thread has of one head before the split: two vectors of one zone.
struct RopeItem {
  std::int64_t row, head;
  std::int64_t kv_head;  // from 0: of k, then of v; below 0: the head is of q
  std::int64_t first;    // of the query heads of kv_head
  RopeZone zone;
  std::int64_t at[2];     // where in the head the vectors begin
  std::int64_t angle_at;  // in the tables, of the rotated zone
};

// Lays vectors over the heads of a row, q's, k's and v's. In a zone a thread has a vector of the
// first half and the one of the second half that lies as far in it; of neighbours that are rotated
// with each other, two vectors behind one another.
template <int width>
struct RopeGrid {
  static constexpr int kThreads = 128;
  RopeShape shape;
  std::int64_t group;
  RowGrid<kThreads, 1> grid;

  explicit RopeGrid(const RopeShape& of_shape)
      : shape(of_shape),
        group(shape.num_heads / shape.num_kv_heads),
        grid((shape.num_heads + 2 * shape.num_kv_heads) * (shape.split() / 2 / width)) {}
  std::int64_t num_blocks() const { return grid.num_blocks(shape.rows()); }
  MOEBENCH_HD bool has_work(ThreadPlace place) const { return grid.column(place) < grid.extent; }
  MOEBENCH_HD bool is_key(const RopeItem& item) const {
    return item.kv_head >= 0 && item.kv_head < shape.num_kv_heads;
  }
  MOEBENCH_HD bool is_value(const RopeItem& item) const {
    return item.kv_head >= shape.num_kv_heads;
  }
  // Divides 32-bit numbers: blocks, and so rows, are fewer, and a GPU has no 64-bit division.
  MOEBENCH_HD RopeItem item(ThreadPlace place) const {
    const auto index = static_cast<std::uint32_t>(grid.column(place));
    const auto vectors = static_cast<std::uint32_t>(shape.split()) / 2 / width;
    const auto row = static_cast<std::uint32_t>(grid.row(place));
    RopeItem item;
    item.row = row;
    item.head = index / vectors;
    item.kv_head = item.head - shape.num_heads;
    item.first = (is_value(item) ? item.kv_head - shape.num_kv_heads : item.kv_head) * group;
    item.angle_at = row % static_cast<std::uint32_t>(shape.seq_len) * (shape.rotary() / 2);
    set_zone(item, index % vectors * width);
    return item;
  }
  // Where a head of q, k or v begins after the split.
  MOEBENCH_HD std::int64_t split(std::int64_t row, std::int64_t head) const {
    return (row * shape.num_heads + head) * shape.split();
  }

 private:
  // `i`: vectors' place among the pairs of a head.
  MOEBENCH_HD void set_zone(RopeItem& item, std::int64_t i) const {
    const std::int64_t kept = is_value(item) ? shape.value() : shape.head_dim;
    if (2 * i >= kept) {
      set(item, RopeZone::kPadding, i, kept, shape.split());
    } else if (is_value(item)) {
      set(item, RopeZone::kKept, i, 0, kept);
    } else if (2 * i < shape.rotary_begin) {
      set(item, RopeZone::kKept, i, 0, shape.rotary_begin);
    } else if (2 * i < shape.rotary_end()) {
      set(item, RopeZone::kRotated, i, shape.rotary_begin, shape.rotary_end());
    } else {
      set(item, RopeZone::kKept, i, shape.rotary_end(), kept);
    }
  }
  MOEBENCH_HD void set(RopeItem& item, RopeZone zone, std::int64_t i, std::int64_t begin,
                       std::int64_t end) const {
    item.zone = zone;
    const std::int64_t within = i - begin / 2;
    if (zone == RopeZone::kRotated) item.angle_at += within;
    const bool neighbours = zone == RopeZone::kRotated && shape.interleaved;
    item.at[0] = begin + (neighbours ? 2 * within : within);
    item.at[1] = item.at[0] + (neighbours ? width : (end - begin) / 2);
  }
};

// Where an item's head begins before the split, less what `at` counts.
template <int width, typename T>
MOEBENCH_HD inline T* source_of(const RopeItem& item, const RopeGrid<width>& plan,
                                const RopeSource<T>& source) {
  if (item.kv_head < 0) return source.q.head(item.row, item.head);
  if (plan.is_value(item)) {
    return source.v.head(item.row, item.kv_head - plan.shape.num_kv_heads);
  }
  if (item.zone == RopeZone::kKept) return source.k.head(item.row, item.kv_head);
  return source.k_rotary.head(item.row, item.kv_head) - plan.shape.rotary_begin;
}

// Which of an item's 2 x width elements pair: one behind the other, or those of the two vectors.
template <int width, bool interleaved>
struct RopePair {
  static constexpr int first(int j) { return interleaved ? 2 * j : j; }
  static constexpr int second(int j) { return interleaved ? 2 * j + 1 : j + width; }
};

// cos and sin of an item's pairs.
template <int width>
struct RopeAngles {
  float cos[width], sin[width];

  MOEBENCH_HD RopeAngles(const float* cos_table, const float* sin_table, std::int64_t at) {
    load_floats<width>(cos_table + at, cos);
    load_floats<width>(sin_table + at, sin);
  }
  // (x, y) -> (x cos - y sin, y cos + x sin)
  template <bool interleaved>
  MOEBENCH_HD void rotate(float* values) const {
    using Pair = RopePair<width, interleaved>;
    for (int j = 0; j < width; ++j) {
      const float x = values[Pair::first(j)], y = values[Pair::second(j)];
      values[Pair::first(j)] = x * cos[j] - y * sin[j];
      values[Pair::second(j)] = y * cos[j] + x * sin[j];
    }
  }
  // The transpose.
  template <bool interleaved>
  MOEBENCH_HD void rotate_back(float* values) const {
    using Pair = RopePair<width, interleaved>;
    for (int j = 0; j < width; ++j) {
      const float x = values[Pair::first(j)], y = values[Pair::second(j)];
      values[Pair::first(j)] = x * cos[j] + y * sin[j];
      values[Pair::second(j)] = y * cos[j] - x * sin[j];
    }
  }
};

template <int width, typename T>
MOEBENCH_HD inline Vec<T, width> rounded(const float* from) {
  Vec<T, width> vec;
  for (int j = 0; j < width; ++j) vec.at[j] = from_float<T>(from[j]);
  return vec;
}

template <typename T, int width>
struct RopeForwardTile {
  static constexpr int kThreads = RopeGrid<width>::kThreads;
  static constexpr int kPhases = 1;
  struct Shared {};
  struct Local {};
  RopeSource<const T> from;
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
    Vec<T, width> a = {}, b = {};
    if (item.zone != RopeZone::kPadding) {
      const T* in = source_of(item, plan, from);
      a = load<width>(in + item.at[0]);
      b = load<width>(in + item.at[1]);
    }
    if (item.zone == RopeZone::kRotated) rotate(a, b, item.angle_at);
    if (item.kv_head < 0) {
      write(q + plan.split(item.row, item.head), item, a, b);
      return;
    }
    T* out = plan.is_key(item) ? k : v;
    for (std::int64_t h = item.first; h < item.first + plan.group; ++h) {
      write(out + plan.split(item.row, h), item, a, b);
    }
  }

 private:
  MOEBENCH_HD void rotate(Vec<T, width>& a, Vec<T, width>& b, std::int64_t angle_at) const {
    const RopeAngles<width> angles(cos, sin, angle_at);
    float values[2 * width];
    for (int j = 0; j < width; ++j) {
      values[j] = to_float(a.at[j]);
      values[j + width] = to_float(b.at[j]);
    }
    if (plan.shape.interleaved) {
      angles.template rotate<true>(values);
    } else {
      angles.template rotate<false>(values);
    }
    a = rounded<width, T>(values);
    b = rounded<width, T>(values + width);
  }
  MOEBENCH_HD void write(T* head, const RopeItem& item, const Vec<T, width>& a,
                         const Vec<T, width>& b) const {
    store(head + item.at[0], a);
    store(head + item.at[1], b);
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
  RopeSource<T> to;
  RopeGrid<width> plan;

  std::int64_t num_blocks() const { return plan.num_blocks(); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    if (!plan.has_work(place)) return;
    const RopeItem item = plan.item(place);
    if (item.zone == RopeZone::kPadding) return;
    // What all key heads share is the first one's work.
    const bool is_shared =
        item.zone == RopeZone::kRotated && plan.is_key(item) && to.k_rotary.head_stride == 0;
    if (is_shared && item.kv_head > 0) return;
    float sum[2 * width] = {};
    if (item.kv_head < 0) {
      add(dq + plan.split(item.row, item.head), item, sum);
    } else {
      const T* in = plan.is_key(item) ? dk : dv;
      const std::int64_t count = is_shared ? plan.shape.num_heads : plan.group;
      for (std::int64_t h = item.first; h < item.first + count; ++h) {
        add(in + plan.split(item.row, h), item, sum);
      }
    }
    if (item.zone == RopeZone::kRotated) rotate_back(sum, item.angle_at);
    T* out = source_of(item, plan, to);
    store(out + item.at[0], rounded<width, T>(sum));
    store(out + item.at[1], rounded<width, T>(sum + width));
  }

 private:
  MOEBENCH_HD void add(const T* head, const RopeItem& item, float* sum) const {
    const auto a = load<width>(head + item.at[0]), b = load<width>(head + item.at[1]);
    for (int j = 0; j < width; ++j) {
      sum[j] += to_float(a.at[j]);
      sum[j + width] += to_float(b.at[j]);
    }
  }
  MOEBENCH_HD void rotate_back(float* values, std::int64_t angle_at) const {
    const RopeAngles<width> angles(cos, sin, angle_at);
    if (plan.shape.interleaved) {
      angles.template rotate_back<true>(values);
    } else {
      angles.template rotate_back<false>(values);
    }
  }
};

}  // namespace moebench::kernels
