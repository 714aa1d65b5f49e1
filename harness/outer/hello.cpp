#include "harness/outer/hello.h"

#include <fmt/core.h>

#include "harness/base/error.h"
#include "harness/base/json.h"

namespace moebench::outer {
namespace {

constexpr int kProtocol = 1;

// Takes as long whatever the two differ in.
bool are_same(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

std::string Hello::text() const {
  return nlohmann::json({{"protocol", kProtocol},
                         {"rank", rank},
                         {"world_size", world_size},
                         {"local_rank", local_rank},
                         {"slots", slots},
                         {"host", host},
                         {"token", token}})
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Hello hello_of(const RankContract& contract, const std::string& host) {
  return {contract.rank, contract.world_size, contract.local_rank.value_or(-1), contract.slots,
          host,          contract.token};
}

Hello parse_hello(const std::string& text) {
  try {
    const nlohmann::json object = parse_object(text, "a rank's first words");
    if (object.at("protocol").get<int>() != kProtocol) {
      throw Error("it is of another version of moebench; use the same on all hosts");
    }
    return {object.at("rank").get<int>(),         object.at("world_size").get<int>(),
            object.at("local_rank").get<int>(),   object.at("slots").get<int>(),
            object.at("host").get<std::string>(), object.at("token").get<std::string>()};
  } catch (const nlohmann::json::exception&) {
    throw Error("what has arrived is not of moebench");
  }
}

std::string why_refused(const Hello& hello, const RankContract& own) {
  if (!are_same(hello.token, own.token)) {
    return "MOEBENCH_TOKEN is not that of rank 0; it must be the same in all processes";
  }
  if (hello.world_size != own.world_size) {
    return fmt::format(
        "it is one of {} processes, rank 0 of {}; two jobs share a port: let "
        "MOEBENCH_PORT differ",
        hello.world_size, own.world_size);
  }
  if (hello.rank < 1 || hello.rank >= own.world_size) {
    return fmt::format("rank {} is none of ranks 1 to {}", hello.rank, own.world_size - 1);
  }
  if (hello.host.empty() || hello.host.find_first_of(" \t\n:,/") != std::string::npos) {
    return "its host has no name that an mpirun could take; set one (hostname NAME)";
  }
  return hello.slots < 1 ? "it has no slots" : "";
}

}  // namespace moebench::outer
