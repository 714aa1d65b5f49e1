#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moebench::config {

// The value of the axis `network` where nothing shapes the links.
inline constexpr const char* kLocalNetwork = "local";

// A link rate as tc writes it, "1gbit" or "2.5gbit" (kbit, mbit, gbit; powers of 1000), in bits a
// second; nullopt where the text is none.
std::optional<double> link_rate(std::string_view text);

// The one text of a rate that a cell has: the largest unit whose number is not below 1.
std::string link_rate_text(double bits_per_second);

}  // namespace moebench::config
