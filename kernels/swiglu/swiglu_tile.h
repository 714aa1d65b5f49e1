#pragma once

#include <cmath>

#include "harness/base/bfloat16.h"
#include "kernels/gpu/vec.h"

namespace moebench::kernels {

MOEBENCH_HD inline float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

template <typename T, int width>
struct SwigluForwardTile : OnePhaseTile {
  const T* gate_up;
  T* out;
  std::int64_t rows;
  RowGrid<kThreads, width> grid;

  SwigluForwardTile(const T* gate_up_in, T* out_in, std::int64_t num_rows,
                    std::int64_t intermediate)
      : gate_up(gate_up_in), out(out_in), rows(num_rows), grid(intermediate) {}
  std::int64_t num_blocks() const { return grid.num_blocks(rows); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t row = grid.row(place), i = grid.column(place);
    if (i >= grid.extent) return;
    const T* gate_at = gate_up + row * 2 * grid.extent + i;
    const auto gate = load<width>(gate_at), up = load<width>(gate_at + grid.extent);
    Vec<T, width> result;
    for (int k = 0; k < width; ++k) {
      const float g = to_float(gate.at[k]);
      result.at[k] = from_float<T>(g * sigmoid(g) * to_float(up.at[k]));
    }
    store(out + row * grid.extent + i, result);
  }
};

// A thread reads its gate and up before it writes their gradients: dgate_up may be gate_up.
template <typename T, int width>
struct SwigluBackwardTile : OnePhaseTile {
  const T* dout;
  const T* gate_up;
  T* dgate_up;
  T* out;
  std::int64_t rows;
  RowGrid<kThreads, width> grid;

  SwigluBackwardTile(const T* dout_in, const T* gate_up_in, T* dgate_up_in, T* out_in,
                     std::int64_t num_rows, std::int64_t intermediate)
      : dout(dout_in),
        gate_up(gate_up_in),
        dgate_up(dgate_up_in),
        out(out_in),
        rows(num_rows),
        grid(intermediate) {}
  std::int64_t num_blocks() const { return grid.num_blocks(rows); }

  template <int phase>
  MOEBENCH_HD void run(ThreadPlace place, Shared&, Local&) const {
    const std::int64_t row = grid.row(place), i = grid.column(place);
    if (i >= grid.extent) return;
    const std::int64_t gate_at = row * 2 * grid.extent + i, up_at = gate_at + grid.extent;
    const auto gate = load<width>(gate_up + gate_at), up = load<width>(gate_up + up_at);
    const auto dresult = load<width>(dout + row * grid.extent + i);
    Vec<T, width> result, dgate, dup;
    for (int k = 0; k < width; ++k) {
      const float g = to_float(gate.at[k]), u = to_float(up.at[k]), d = to_float(dresult.at[k]);
      const float s = sigmoid(g), silu = g * s;
      result.at[k] = from_float<T>(silu * u);
      dgate.at[k] = from_float<T>(d * u * (s + silu * (1.0f - s)));
      dup.at[k] = from_float<T>(d * silu);
    }
    store(out + row * grid.extent + i, result);
    store(dgate_up + gate_at, dgate);
    store(dgate_up + up_at, dup);
  }
};

}  // namespace moebench::kernels
