"""Experts that lie on the ranks of a group, E / ranks on each, for the body of Hugging Face's
model. A driver chooses how rows travel and how they are multiplied."""

import dataclasses

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

import training
from token_data import InputError


class AllToAll(torch.autograd.Function):
    """Rows to other ranks; gradients travel the same way back."""

    @staticmethod
    def forward(context, rows, sent, received, group):
        context.places = sent, received, group
        out = rows.new_empty(sum(received), *rows.shape[1:])
        dist.all_to_all_single(out, rows.contiguous(), received, sent, group=group)
        return out

    @staticmethod
    def backward(context, gradient):
        sent, received, group = context.places
        return AllToAll.apply(gradient, received, sent, group), None, None, None


@dataclasses.dataclass
class Routes:
    """Where a rank's rows go. Rows are (token, chosen expert), S = tokens x top_k of them."""

    order_S: torch.Tensor  # the rows sorted by expert
    sent: list  # rows to each rank
    received: list  # rows from each rank
    by_expert_R: torch.Tensor  # received rows sorted by local expert, each from rank 0 on
    ends_L: torch.Tensor  # where a local expert's rows end among these, int32


def routes(expert_ids, num_experts, group):
    world = dist.get_world_size(group)
    flat = expert_ids.flatten()
    counts_E = torch.bincount(flat, minlength=num_experts)
    theirs_E = torch.empty_like(counts_E)
    dist.all_to_all_single(theirs_E, counts_E, group=group)
    # One copy to the host for both, since lists of lengths are wanted there.
    sent, received = torch.stack((counts_E, theirs_E)).view(2, world, -1).sum(-1).tolist()
    local = theirs_E.view(world, -1).shape[1]
    expert_of_R = torch.arange(local, device=flat.device).repeat(world).repeat_interleave(theirs_E)
    ends_L = theirs_E.view(world, -1).sum(0).cumsum(0).to(torch.int32)
    return Routes(flat.argsort(stable=True), sent, received,
                  expert_of_R.argsort(stable=True), ends_L)


def grouped_linear(rows, weights, ends):
    """Each expert's rows times its own matrix, of weights [experts, out, in]."""
    return torch._grouped_mm(rows, weights.transpose(-2, -1), offs=ends)


def looped_linear(rows, weights, ends):
    sizes = ends.diff(prepend=ends.new_zeros(1)).tolist()
    parts = [part @ weight.t() for part, weight in zip(rows.split(sizes), weights.unbind())]
    return torch.cat(parts)


def inverse(permutation):
    result = torch.empty_like(permutation)
    result[permutation] = torch.arange(len(permutation), device=permutation.device)
    return result


class ParallelExperts(torch.nn.Module):
    """Stands in for Hugging Face's experts: the same arguments and, summed over ranks, the same result."""

    def __init__(self, experts, mesh, linear):
        super().__init__()
        self.num_experts, self.linear = experts.num_experts, linear
        self.group = mesh.get_group()
        self.act_fn = experts.act_fn
        self.gate_up_proj = self._own_part(experts.gate_up_proj)
        self.down_proj = self._own_part(experts.down_proj)

    def _own_part(self, stacked):
        part = stacked.detach().chunk(dist.get_world_size(self.group))
        return torch.nn.Parameter(part[dist.get_rank(self.group)].clone())

    def forward(self, hidden_states, top_k_index, top_k_weights):
        route = routes(top_k_index, self.num_experts, self.group)
        top_k = top_k_index.shape[1]
        rows_SH = hidden_states[route.order_S // top_k]
        rows_RH = AllToAll.apply(rows_SH, route.sent, route.received, self.group)
        outputs_RH = self.compute(rows_RH[route.by_expert_R], route.ends_L)
        rows_RH = outputs_RH[inverse(route.by_expert_R)]
        rows_SH = AllToAll.apply(rows_RH, route.received, route.sent, self.group)
        rows_SH = rows_SH[inverse(route.order_S)].view(-1, top_k, hidden_states.shape[1])
        return (rows_SH * top_k_weights[..., None]).sum(1).to(hidden_states.dtype)

    def compute(self, rows, ends):
        gate, up = self.linear(rows, self.gate_up_proj, ends).chunk(2, dim=-1)
        return self.linear(self.act_fn(gate) * up, self.down_proj, ends)


def check_degree(degree, num_experts, world_size):
    if degree < 1 or world_size % degree or num_experts % degree:
        raise InputError(f"--ep-degree {degree} must divide the {world_size} ranks and the model's "
                         f"{num_experts} experts")


def spread_experts(model, option, ranks, make_experts):
    """Experts over groups of --ep-degree neighbouring ranks, their copies sharded over the groups;
    all other parameters sharded over all ranks. `make_experts(experts, mesh)` makes a layer's."""
    degree = option.ep_degree or ranks.world_size
    blocks = training.sparse_blocks(model)
    check_degree(degree, blocks[0].experts.num_experts, ranks.world_size)
    mesh = init_device_mesh(ranks.device.type, (ranks.world_size // degree, degree),
                            mesh_dim_names=("replicas", "experts"))
    everyone = init_device_mesh(ranks.device.type, (ranks.world_size,))
    for block in blocks:
        block.experts = make_experts(block.experts, mesh["experts"])
    experts = [block.experts for block in blocks]
    if option.activation_checkpointing:
        training.checkpoint_layers(model)

    if ranks.world_size == 1:  # FSDP would gather from one rank, and reduce to it, by copying.
        return training.Spread(model, groups_of(model, experts, degree))

    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32)
    # A copy that is the only one is no business of FSDP's, which would still copy it about.
    ignored = None
    if degree == ranks.world_size:
        ignored = {parameter for module in experts for parameter in module.parameters()}
    else:
        for module in experts:
            fully_shard(module, mesh=mesh["replicas"], mp_policy=policy)
    for layer in model.model.layers:
        fully_shard(layer, mesh=everyone, mp_policy=policy, ignored_params=ignored)
    fully_shard(model, mesh=everyone, mp_policy=policy, ignored_params=ignored)
    return training.Spread(model, groups_of(model, experts, degree))


def groups_of(model, experts, degree):
    of_experts = [parameter for module in experts for parameter in module.parameters()]
    known = {id(parameter) for parameter in of_experts}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    # Backward brings the experts the sum over their group, where FSDP takes the mean over ranks.
    return [training.Group(others), training.Group(of_experts, gradient_scale=1 / degree)]
