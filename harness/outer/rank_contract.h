#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

// The ranks that another launcher has started already: torchrun, mpirun, srun, or the pods of a
// job.
namespace moebench::outer {

using Variables = std::map<std::string, std::string>;

// Returns the environment of this process. What is empty counts as not set, and is left out.
Variables read_variables();

// What an outer launcher says of one of the processes that it has started.
struct RankContract {
  std::string source;  // the variable that says which rank this is, such as RANK
  int rank = 0;
  int world_size = 1;                 // processes
  std::optional<int> local_rank;      // among the processes of this host
  bool is_one_host = true;            // all processes are on this host
  int slots = 1;                      // ranks of a cell that may run in place of this process
  std::string address = "127.0.0.1";  // of rank 0
  int port = 0;                       // on which it waits for the others
  double wait_limit_s = 300;          // for all to have come
  std::string token;                  // that all must know; may be empty
};

// Reads the variables of torchrun (RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE), of Open MPI
// (OMPI_COMM_WORLD_*), of Slurm's steps (SLURM_PROCID and others), or of other MPIs (PMI_*): the
// first of these that names a rank counts. Rank 0 is found by MASTER_ADDR, in a step of Slurm's
// also by its list of nodes; its port is MOEBENCH_PORT, else that after MASTER_PORT. Error, which
// names the variable, where they do not fit together or say too little.
RankContract read_rank_contract(const Variables& variables);

// Names the variables that say which rank of the outer launcher this process is, or would make an
// mpirun that it starts part of the outer one: what this process starts must not see them. What the
// user has set to tune Open MPI's transports stays.
std::vector<std::string> names_to_hide(const Variables& variables);

// Returns the first name of Slurm's list of nodes: "gpu003" of "gpu[003-007,9],login".
std::string first_of_node_list(const std::string& list);

}  // namespace moebench::outer
