"""A library in a process of its own, which can be asked, and given up on."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORKER = Path(__file__).parent / "worker.py"


@dataclass(frozen=True)
class Library:
    """A column of the table: its name, the argument of worker.py, environment, what its import is called."""

    name: str
    argument: str
    imported: str
    environment: dict[str, str] = field(default_factory=dict)
    # What of it pip installs: everything that these need is counted too.
    distributions: tuple[str, ...] = ()
    only_images: bool = False


OXHORN = Library("Oxhorn", "oxhorn", "oxhorn", distributions=("oxhorn",))
PEERS = (
    Library("Keras+JAX", "keras", "keras", {"KERAS_BACKEND": "jax"}, ("keras", "jax", "jaxlib")),
    Library("Keras+TF", "keras", "keras", {"KERAS_BACKEND": "tensorflow"}, ("keras", "tensorflow-cpu")),
    Library("PyTorch", "torch", "torch", distributions=("torch", "numpy")),
    Library("PyTorch channels_last", "torch-channels-last", "torch", only_images=True),
    Library("PyTorch compiled", "torch-compiled", "torch"),
)


class Process:
    """Answers requests until it ends, is given up on, or is closed."""

    def __init__(self, library: Library, python: str, environment: dict[str, str], threads: int) -> None:
        self.library, self.error = library, ""
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
        self.process = subprocess.Popen(
            [python, str(WORKER), library.argument, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment, **quiet, **library.environment},
            # A compiler that hangs is killed with all that it started.
            process_group=0 if library.argument == "torch-compiled" else None,
        )
        self.rest = b""

    def read(self, limit: float) -> dict[str, Any]:
        """The next answer; an error if none comes within so many seconds."""
        assert self.process.stdout is not None
        end = time.monotonic() + limit
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                self.close()
                self.error = f"no answer within {limit:g} s"
                return {"error": self.error}
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                self.error = f"the process ended with {self.process.wait()}"
                return {"error": self.error}
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, do: str, limit: float = 300.0, **arguments: Any) -> dict[str, Any]:
        if self.error:
            return {"error": self.error}
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.error = f"the process ended with {self.process.wait()}"
            return {"error": self.error}
        return self.read(limit)

    def close(self) -> None:
        if self.process.poll() is None:
            if self.library.argument == "torch-compiled":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it did not read any more
                    pipe.close()
