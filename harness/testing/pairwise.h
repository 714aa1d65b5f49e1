#pragma once

#include <cstddef>
#include <vector>

namespace moebench {

// Rows of choices, `sizes[i]` of them for factor i, in which every pair of choices of every two
// factors occurs: faults that a combination of axes causes nearly always need two of them, and the
// full product costs many times as much. Greedy, and the same rows for the same sizes. With one
// factor it is each of its choices.
std::vector<std::vector<std::size_t>> pairwise(const std::vector<std::size_t>& sizes);

// Every row of choices.
std::vector<std::vector<std::size_t>> full_product(const std::vector<std::size_t>& sizes);

// Instrumented training is several times slower, so that tests take pairs where they take products
// otherwise.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace moebench
