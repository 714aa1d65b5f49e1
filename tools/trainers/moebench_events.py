"""Writes what a training loop does as moebench's events: one file of JSON lines a rank.

    events = moebench_events.Events()
    with events.load():
        model = ...
    for batch in batches:
        with events.step() as step:
            ...
            step.done(tokens=batch.numel(), loss=loss, grad_norm=norm)

The environment variable MOEBENCH_EVENTS names the file; without it everything here does nothing.
The form of the file is described in harness/trainers/events.md. Python 3.9 or later, nothing else;
copy this file to wherever the training program is, or put its folder into PYTHONPATH.
"""

import atexit
import json
import math
import os
import socket
import sys
import time

VERSION = 1
VARIABLE = "MOEBENCH_EVENTS"


class EventsError(Exception):
    """The events cannot be written, with the reason and what to do."""


class Events:
    """The events of this process. Where ranks are not told apart by the environment variable RANK,
    make it after torch.distributed has been initialised."""

    def __init__(self, path=None, rank=None, world_size=None):
        path = os.environ.get(VARIABLE, "") if path is None else str(path)
        self.enabled = bool(path)
        self._num_steps = 0
        self._descriptor = None
        if self.enabled:
            self.rank = _rank() if rank is None else rank
            self.world_size = _world_size() if world_size is None else world_size
            self._open(path)

    def _open(self, path):
        if "{rank}" not in path and self.world_size > 1:
            raise EventsError(
                f"{VARIABLE} is '{path}', one file for {self.world_size} ranks; "
                "put {rank} into its name, as in events_{rank}.jsonl"
            )
        path = path.replace("{rank}", str(self.rank))
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise EventsError(
                f"cannot write events to '{path}': {error.strerror}; "
                f"let {VARIABLE} name a file in a folder that exists and is yours"
            ) from error
        self._process = os.getpid()
        self.write(
            "begin",
            span="run",
            version=VERSION,
            rank=self.rank,
            world_size=self.world_size,
            pid=self._process,
            host=socket.gethostname(),
        )
        atexit.register(self._close_at_exit)

    def load(self):
        """Context: weights and data are made ready."""
        return self._span("load")

    def warmup(self):
        """Context: holds the steps that the program does not count itself."""
        return self._span("warmup")

    def phase(self, name, wait=True):
        """Context within a step: forward, backward, optimizer, communication, or your own name.

        On a GPU its ends wait for the device, without which they would time the launches alone;
        where that disturbs more than the phase is worth, wait=False.
        """
        return self._span("phase", wait, name=name)

    def step(self, number=None):
        """Context: an optimizer step. They count from 1; a resumed run may say where it goes on."""
        self._num_steps = self._num_steps + 1 if number is None else int(number)
        return self._span("step", step=self._num_steps)

    def memory(self, kind=None, num_bytes=None):
        """Memory of this rank: the stated number, or all that can be found out."""
        if not self.enabled:
            return
        known = _known_memory() if kind is None else {kind: num_bytes}
        for name, value in known.items():
            self.write("memory", kind=name, bytes=int(value))

    def note(self, text):
        """One line for people."""
        self.write("note", text=" ".join(str(text).split()))

    def write(self, event, time_ns=None, **members):
        """One line. Members that are None are left out, since they are not known."""
        if self._descriptor is None or os.getpid() != self._process:
            return  # A forked child, such as a loader's worker, is not this rank.
        record = {"event": event, "time_ns": time.monotonic_ns() if time_ns is None else time_ns}
        record.update((key, _plain(value)) for key, value in members.items() if value is not None)
        # One write a line: whoever reads meanwhile, or after a kill, sees whole lines.
        _write_all(self._descriptor, (json.dumps(record, allow_nan=False) + "\n").encode())

    def close(self):
        """Ends the run. Called by itself when the program ends without an uncaught exception."""
        if self._descriptor is not None and os.getpid() == self._process:
            self.write("end", span="run")
            os.close(self._descriptor)
            self._descriptor = None
            self.enabled = False

    def _close_at_exit(self):
        # The interpreter leaves an uncaught exception here; such a run has no end.
        if not hasattr(sys, "last_type"):
            self.close()

    def _span(self, kind, wait=True, **members):
        return Span(self, kind, wait, members) if self.enabled else _NO_SPAN


class Span:
    """A begin and its end. The end is not written where an exception leaves the span."""

    def __init__(self, events, kind, wait, members):
        self._events = events
        self._members = {"span": kind, **members}
        self._wait = wait
        self._results = {}
        self._end_ns = None

    def __enter__(self):
        self._events.write("begin", self._now(), **self._members)
        return self

    def __exit__(self, exception, *_):
        if exception is None:
            self.stop()
            self.finish()

    def done(self, tokens=None, padding_tokens=None, loss=None, grad_norm=None, **more):
        """What a step came to. Tokens are this rank's, real ones and those that only fill rows up;
        loss is the mean over the loss tokens of the global batch; grad_norm is before clipping.

        Tensors are read after the step's end has been timed. Later calls add to earlier ones."""
        known = dict(tokens=tokens, padding_tokens=padding_tokens, loss=loss, grad_norm=grad_norm)
        known.update(more)
        self._results.update((key, value) for key, value in known.items() if value is not None)

    def stop(self):
        """The time of the end is now, though it is written later."""
        self._end_ns = self._now()

    def finish(self):
        self._events.write("end", self._end_ns, **self._members, **self._results)

    def _now(self):
        if self._wait:
            _wait_for_device()
        return time.monotonic_ns()


class _NoSpan:
    """What a span is where nothing is written."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def done(self, *_, **__):
        pass

    def stop(self):
        pass

    def finish(self):
        pass


_NO_SPAN = _NoSpan()


def trainer_callback(events=None):
    """A callback for Hugging Face's Trainer: Trainer(..., callbacks=[trainer_callback()]).

    A step is timed from on_step_begin to on_step_end, so without the loader's time before it. Loss
    and gradient norm come from the trainer's log, and only with logging_steps=1 are they a step's.
    """
    import transformers  # Nobody else needs it.

    class MoebenchCallback(_TrainerEvents, transformers.TrainerCallback):
        pass

    callback = MoebenchCallback()
    _TrainerEvents.start(callback, Events() if events is None else events)
    return callback


class _TrainerEvents:
    """What the Trainer calls; apart from its class, so that it needs no transformers."""

    def start(self, events):
        self.events = events
        self._step = None
        self._hook = None
        self._inputs = []

    def on_train_begin(self, args, state, control, model=None, **_):
        if self.events.enabled and model is not None:
            self._hook = model.register_forward_pre_hook(self._count_inputs, with_kwargs=True)

    def _count_inputs(self, module, args, kwargs):
        # Kept as tensors, since reading them would wait for the device in the middle of a step.
        ids = kwargs.get("input_ids", args[0] if args else None)
        if module.training and ids is not None:
            mask = kwargs.get("attention_mask")
            # A mask of more axes says who sees whom and not which tokens are real.
            real = mask.sum() if mask is not None and mask.dim() == 2 else ids.numel()
            self._inputs.append((real, ids.numel()))

    def on_step_begin(self, args, state, control, **_):
        self._finish_step()
        self._inputs.clear()
        self._step = self.events.step(state.global_step + 1)
        self._step.__enter__()

    def on_step_end(self, args, state, control, **_):
        if self._step is not None:
            self._step.stop()
            if self._inputs:
                real = sum(int(tokens) for tokens, _ in self._inputs)
                total = sum(tokens for _, tokens in self._inputs)
                self._step.done(tokens=real, padding_tokens=total - real)

    def on_log(self, args, state, control, logs=None, **_):
        if self._step is not None and logs and "loss" in logs and args.logging_steps == 1:
            # on_step_end, which comes before, has fixed the time.
            self._step.done(loss=logs["loss"], grad_norm=logs.get("grad_norm"))
            self._finish_step()

    def on_train_end(self, args, state, control, **_):
        self._finish_step()
        self.events.memory()
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _finish_step(self):
        if self._step is not None:
            self._step.finish()
            self._step = None


def _write_all(descriptor, line):
    written = os.write(descriptor, line)
    while written < len(line):  # A nearly full disk takes a part, and the next call says so.
        written += os.write(descriptor, line[written:])


def _plain(value):
    """JSON's form of a number, a tensor of one element included; text as it is."""
    if isinstance(value, (str, bool, int)):
        return value
    number = float(value)
    if math.isfinite(number):
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"


def _torch():
    """torch where the program itself uses it. Importing it here would cost seconds for nothing."""
    return sys.modules.get("torch")


def _cuda():
    torch = _torch()
    cuda = getattr(torch, "cuda", None)
    return cuda if cuda is not None and cuda.is_initialized() else None


def _wait_for_device():
    cuda = _cuda()
    if cuda is not None:
        cuda.synchronize()


def _known_memory():
    known = {}
    cuda = _cuda()
    if cuda is not None:
        known["allocated"] = cuda.memory_allocated()
        known["max_allocated"] = cuda.max_memory_allocated()
        known["max_reserved"] = cuda.max_memory_reserved()
        known["max_active"] = cuda.memory_stats().get("active_bytes.all.peak")
    known["resident"] = _peak_resident_bytes()
    return {kind: value for kind, value in known.items() if value is not None}


def _peak_resident_bytes():
    # getrusage would also tell, but keeps the peak of the program that started this one.
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _distributed():
    distributed = getattr(_torch(), "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed
    return None


def _rank():
    return _place("RANK", 0, lambda distributed: distributed.get_rank())


def _world_size():
    return _place("WORLD_SIZE", 1, lambda distributed: distributed.get_world_size())


def _place(variable, default, ask):
    text = os.environ.get(variable, "")
    if text:
        try:
            return int(text)
        except ValueError:
            raise EventsError(
                f"{variable} is '{text}', not a whole number; correct it or unset it"
            ) from None
    distributed = _distributed()
    return default if distributed is None else ask(distributed)
