"""Tests of moebench_events.py and of the stand-in trainer. Needs Python alone: torch and
transformers are played by a few lines."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
import moebench_events  # noqa: E402
from moebench_events import Events, EventsError  # noqa: E402


def read(path):
    text = pathlib.Path(path).read_text()
    assert text.endswith("\n"), "the last line is torn"
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def refuse(name):
    raise AssertionError(f"{name} is no JSON")


class FakeCuda:
    def __init__(self):
        self.waits = 0

    def is_initialized(self):
        return True

    def synchronize(self):
        self.waits += 1

    def memory_allocated(self):
        return 10

    def max_memory_allocated(self):
        return 20

    def max_memory_reserved(self):
        return 30

    def memory_stats(self):
        return {"active_bytes.all.peak": 25}


class InFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.path = self.folder / "events_{rank}.jsonl"
        places = {"MOEBENCH_EVENTS": str(self.path), "RANK": "1", "WORLD_SIZE": "2"}
        patch = mock.patch.dict(os.environ, places)
        patch.start()
        self.addCleanup(patch.stop)

    def records(self, rank=1):
        return read(str(self.path).format(rank=rank))


class EventsTest(InFolder):
    def test_a_run_is_written_as_the_contract_says(self):
        events = Events()
        with events.load():
            pass
        with events.warmup():
            with events.step() as step:
                step.done(tokens=7)
        with events.step() as step:
            with events.phase("forward"):
                pass
            step.done(tokens=8, padding_tokens=2, loss=1.5, grad_norm=0.25)
        events.memory("resident", 4096)
        events.note("two\nlines")
        events.close()
        seen = [(r["event"], r.get("span"), r.get("step", r.get("name"))) for r in self.records()]
        self.assertEqual(
            seen,
            [
                ("begin", "run", None),
                ("begin", "load", None),
                ("end", "load", None),
                ("begin", "warmup", None),
                ("begin", "step", 1),
                ("end", "step", 1),
                ("end", "warmup", None),
                ("begin", "step", 2),
                ("begin", "phase", "forward"),
                ("end", "phase", "forward"),
                ("end", "step", 2),
                ("memory", None, None),
                ("note", None, None),
                ("end", "run", None),
            ],
        )
        records = self.records()
        place = {"version": 1, "rank": 1, "world_size": 2, "pid": os.getpid()}
        self.assertLessEqual(place.items(), records[0].items())
        self.assertIn("host", records[0])
        results = {"tokens": 8, "padding_tokens": 2, "loss": 1.5, "grad_norm": 0.25}
        self.assertLessEqual(results.items(), records[10].items())
        self.assertNotIn("loss", records[5])
        self.assertEqual(records[12]["text"], "two lines")
        times = [r["time_ns"] for r in records]
        self.assertEqual(times, sorted(times))
        self.assertTrue(all(isinstance(t, int) for t in times))

    def test_without_the_variable_nothing_happens(self):
        with mock.patch.dict(os.environ, {"MOEBENCH_EVENTS": "", "RANK": "no number"}):
            events = Events()
            with events.load(), events.warmup(), events.step() as step, events.phase("forward"):
                step.done(tokens=1, loss=2)
            events.memory()
            events.note("nothing")
            events.close()
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertIs(events.step(), events.phase("backward"))

    def test_each_line_is_there_at_once(self):
        events = Events()
        span = events.step()
        span.__enter__()
        self.assertEqual([r["event"] for r in self.records()], ["begin", "begin"])
        events.close()

    def test_what_json_has_no_number_for_is_text(self):
        events = Events()
        for loss in (float("nan"), float("inf"), float("-inf")):
            with events.step() as step:
                step.done(loss=loss)
        events.close()
        losses = [r["loss"] for r in self.records() if "loss" in r]
        self.assertEqual(losses, ["nan", "inf", "-inf"])

    def test_floats_keep_all_their_digits(self):
        events = Events()
        with events.step() as step:
            step.done(tokens=2**40, loss=0.1 + 0.2)
        events.close()
        end = self.records()[-2]
        self.assertEqual((end["tokens"], end["loss"]), (2**40, 0.1 + 0.2))

    def test_tensors_are_read_as_numbers(self):
        class Scalar:
            def __float__(self):
                return 2.5

        events = Events()
        with events.step() as step:
            step.done(loss=Scalar())
        events.close()
        self.assertEqual(self.records()[-2]["loss"], 2.5)

    def test_a_span_that_an_exception_leaves_has_no_end(self):
        events = Events()
        with self.assertRaises(KeyError):
            with events.step(), events.phase("forward"):
                raise KeyError("x")
        self.assertEqual([r["event"] for r in self.records()], ["begin"] * 3)
        events.close()

    def test_a_resumed_run_says_where_it_goes_on(self):
        events = Events()
        for number in (101, None):
            with events.step(number):
                pass
        events.close()
        self.assertEqual([r["step"] for r in self.records() if "step" in r], [101, 101, 102, 102])

    def test_one_file_for_several_ranks_is_refused(self):
        with mock.patch.dict(os.environ, {"MOEBENCH_EVENTS": str(self.folder / "all.jsonl")}):
            with self.assertRaisesRegex(EventsError, "put {rank} into its name"):
                Events()

    def test_a_folder_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(EventsError, "nowhere.*No such file.*exists"):
            Events(self.folder / "nowhere" / "{rank}")

    def test_a_rank_that_is_no_number_is_named(self):
        with mock.patch.dict(os.environ, {"RANK": "first"}):
            with self.assertRaisesRegex(EventsError, "RANK is 'first'"):
                Events()

    def test_torch_says_the_rank_where_the_environment_does_not(self):
        distributed = types.SimpleNamespace(
            is_available=lambda: True,
            is_initialized=lambda: True,
            get_rank=lambda: 3,
            get_world_size=lambda: 4,
        )
        with mock.patch.dict(os.environ), mock.patch.dict(
            sys.modules, torch=types.SimpleNamespace(distributed=distributed)
        ):
            del os.environ["RANK"], os.environ["WORLD_SIZE"]
            Events().close()
        begin = self.records(rank=3)[0]
        self.assertEqual((begin["rank"], begin["world_size"]), (3, 4))

    def test_a_forked_child_writes_nothing(self):
        events = Events()
        child = os.fork()
        if child == 0:
            events.note("of the child")
            events.close()
            os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        events.close()
        self.assertEqual([r["event"] for r in self.records()], ["begin", "end"])

    @unittest.skipUnless(os.path.exists("/proc/self/status"), "this system has no /proc")
    def test_resident_memory_is_found_out(self):
        events = Events()
        events.memory()
        events.close()
        memory = self.records()[1]
        self.assertEqual((memory["event"], memory["kind"]), ("memory", "resident"))
        self.assertGreater(memory["bytes"], 1 << 20)


class DeviceTest(InFolder):
    def setUp(self):
        super().setUp()
        self.cuda = FakeCuda()
        patch = mock.patch.dict(sys.modules, torch=types.SimpleNamespace(cuda=self.cuda))
        patch.start()
        self.addCleanup(patch.stop)

    def test_spans_wait_for_the_device_at_both_ends(self):
        events = Events()
        with events.step():
            self.assertEqual(self.cuda.waits, 1)
        self.assertEqual(self.cuda.waits, 2)
        with events.phase("forward", wait=False):
            pass
        self.assertEqual(self.cuda.waits, 2)
        events.close()

    def test_the_allocator_is_asked(self):
        events = Events()
        events.memory()
        events.close()
        kinds = {r["kind"]: r["bytes"] for r in self.records() if r["event"] == "memory"}
        kinds.pop("resident", None)
        self.assertEqual(
            kinds, {"allocated": 10, "max_allocated": 20, "max_reserved": 30, "max_active": 25}
        )


class FakeIds:
    def __init__(self, rows, columns, real=None):
        self.shape, self.real = (rows, columns), real

    def numel(self):
        return self.shape[0] * self.shape[1]

    def dim(self):
        return 2

    def sum(self):
        return self.real


class FakeModel:
    training = True
    hook = None

    def register_forward_pre_hook(self, hook, with_kwargs):
        assert with_kwargs
        self.hook = hook
        return types.SimpleNamespace(remove=lambda: setattr(self, "hook", None))


class TrainerCallbackTest(InFolder):
    """The calls in the order in which the Trainer makes them."""

    def train(self, logging_steps):
        transformers = types.SimpleNamespace(TrainerCallback=object)
        with mock.patch.dict(sys.modules, transformers=transformers):
            callback = moebench_events.trainer_callback()
        args = types.SimpleNamespace(logging_steps=logging_steps)
        state = types.SimpleNamespace(global_step=0)
        model = FakeModel()
        callback.on_train_begin(args, state, None, model=model)
        for step in (1, 2):
            callback.on_step_begin(args, state, None)
            for _ in range(2):
                mask = FakeIds(2, 8, real=12)
                model.hook(model, (), {"input_ids": FakeIds(2, 8), "attention_mask": mask})
            state.global_step = step
            callback.on_step_end(args, state, None)
            if step % logging_steps == 0:
                callback.on_log(args, state, None, logs={"loss": 5.0 - step, "grad_norm": 0.5})
        callback.on_log(args, state, None, logs={"train_runtime": 1.0})
        callback.on_train_end(args, state, None)
        callback.events.close()
        self.assertIsNone(model.hook)
        return [r for r in self.records() if r.get("span") == "step"]

    def test_steps_carry_tokens_loss_and_norm(self):
        steps = self.train(logging_steps=1)
        self.assertEqual([r["event"] for r in steps], ["begin", "end"] * 2)
        self.assertEqual([r["step"] for r in steps], [1, 1, 2, 2])
        self.assertEqual([r.get("loss") for r in steps], [None, 4, None, 3])
        results = {"tokens": 24, "padding_tokens": 8, "grad_norm": 0.5}
        self.assertLessEqual(results.items(), steps[1].items())

    def test_a_loss_of_several_steps_is_none_of_a_step(self):
        steps = self.train(logging_steps=2)
        self.assertEqual([r["event"] for r in steps], ["begin", "end"] * 2)
        self.assertTrue(all("loss" not in r for r in steps))
        self.assertEqual(steps[3]["tokens"], 24)


class PlainTrainerTest(InFolder):
    def run_trainer(self, *words):
        environment = {**os.environ, "MOEBENCH_EVENTS": str(self.path)}
        for name in ("RANK", "WORLD_SIZE"):
            environment.pop(name, None)
        trainer = [sys.executable, str(FOLDER / "testing" / "plain_trainer.py"), "--step-ms", "1"]
        return subprocess.run(
            [*trainer, *words], env=environment, capture_output=True, text=True, timeout=60
        )

    def ends(self, rank=0):
        return [r for r in self.records(rank) if r["event"] == "end" and r["span"] == "step"]

    def test_ranks_write_a_file_each_with_the_same_losses(self):
        self.assertEqual(self.run_trainer("--spawn-ranks", "2", "--steps", "3").returncode, 0)
        self.assertEqual([r["loss"] for r in self.ends(0)], [r["loss"] for r in self.ends(1)])
        self.assertEqual([r["step"] for r in self.ends(1)], [1, 2, 3])
        self.assertEqual(self.records(1)[-1]["span"], "run")

    def test_a_crash_leaves_the_run_open(self):
        result = self.run_trainer("--crash-at-step", "2")
        self.assertEqual(result.returncode, 1)
        self.assertIn("told to crash at step 2", result.stderr)
        self.assertEqual(len(self.ends()), 1)
        self.assertNotEqual(self.records(0)[-1]["span"], "run")

    def test_one_rank_that_fails_ends_the_others(self):
        result = self.run_trainer("--spawn-ranks", "2", "--hang-at-step", "2", "--only-rank", "1",
                                  "--steps", "2", "--exit-code", "5")
        self.assertEqual(result.returncode, 5)

    def test_running_out_of_memory_reads_as_torch_says_it(self):
        result = self.run_trainer("--oom-at-step", "1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
                      result.stderr)

    def test_what_else_goes_wrong(self):
        self.assertEqual(self.run_trainer("--nan-at-step", "2", "--steps", "2").returncode, 0)
        self.assertEqual(self.ends()[1]["loss"], "nan")
        self.assertEqual(self.run_trainer("--missing-steps", "2", "--exit-code", "7").returncode, 7)
        self.assertEqual(len(self.ends()), 3)
        self.run_trainer("--tear-last-line")
        text = pathlib.Path(str(self.path).format(rank=0)).read_text()
        self.assertFalse(text.endswith("\n"))


if __name__ == "__main__":
    unittest.main()
