"""A process that opens hostile files, and tells of each how it was refused and what it touched.

    python -m tests.saving.hostile.reader < cases.json > results.json

A case is {"reader": name, "path": file}. Good files come first, by which everything is imported that a reader needs:
after them, whatever is opened or imported is on the account of the file.
"""

from __future__ import annotations

import json
import mimetypes
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import oxhorn as keras
from oxhorn.interop import load_torch_state_dict
from oxhorn.saving import builtin_names

# Address space that a file may take beyond what the process had before, and seconds.
ROOM = 2 << 30
SECONDS = 30
KNOWN = {"oxhorn", "numpy", "h5py"} | (
    set(sys.stdlib_module_names) - {"antigravity", "this", "turtle", "pickle"}
)
TOUCHING = {"open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.link", "os.symlink"}
TOUCHING |= {"os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree", "shutil.move", "shutil.copyfile"}
RUNNING = {
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "subprocess.Popen",
    "code.__new__",
    "marshal.loads",
}
RUNNING |= {"pickle.find_class", "socket.connect", "socket.getaddrinfo", "ctypes.dlopen"}


def small() -> Any:
    """The model that the good files are of, trained for a step."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((3,)), keras.layers.Dense(4, name="first"), keras.layers.Dense(2, name="second")]
    model = keras.Sequential(layers, name="small")
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 3), "float32"), np.ones((2, 2), "float32"))
    return model


def state(model: Any) -> Any:
    """What a refused file must not change."""
    variables = [*model.variables, *model.optimizer.variables]
    return [(bool(v.trainable), v.numpy().tobytes()) for v in variables], [x.trainable for x in model.layers]


def fetched(path: str) -> None:
    keras.utils.get_file(origin=f"file://{path}", extract=True, cache_dir=Path(path).parent / "cache")


def edited(path: str) -> None:
    editor = keras.saving.KerasFileEditor(path)
    target = small()
    editor.compare(target)


def resumed(model: Any, path: str) -> None:
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 2), "float32"), epochs=2, verbose=0, resume=path)


READERS: dict[str, Callable[[Any, str], Any]] = {
    "load_model": lambda _, path: keras.saving.load_model(path),
    "load_weights": lambda model, path: model.load_weights(path),
    "by_name": lambda model, path: model.load_weights(path, by_name=True),
    "torch": lambda model, path: load_torch_state_dict(model, path),
    "editor": lambda _, path: edited(path),
    "json": lambda _, path: keras.models.model_from_json(Path(path).read_text("utf-8")),
    "get_file": lambda _, path: fetched(path),
    "resume": resumed,
}


class Watch:
    """What happens in the process that has to do with files, modules and other processes."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] | None = None
        self.seen: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event == "marshal.loads" and sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
            return  # Modules of the standard library come from marshalled files; which, "import" tells.
        if event in RUNNING:
            self.seen.append(f"{event} {str(arguments)[:100]}")
        elif event == "import" and str(arguments[0]).split(".")[0] not in KNOWN:
            self.seen.append(f"import {arguments[0]}")
        elif event in TOUCHING:
            for path in arguments[:2]:
                is_path = isinstance(path, (str, bytes)) and len(path) > 3
                text = path.decode() if isinstance(path, bytes) else str(path)
                # Files without a name are opened by their folder.
                nameless = event == "open" and text == tempfile.gettempdir()
                # Short names are those below an open folder, or in the empty one where the process is.
                elsewhere = not (nameless or text.startswith(self.allowed))
                if is_path and elsewhere and ("/" in text or ".." in text):
                    self.seen.append(f"{event} {text[:100]}")


class TooLong(BaseException):
    """The seconds are over."""


def _too_long(*_: Any) -> None:
    raise TooLong


def main() -> None:
    """Reads cases, writes results."""
    warnings.simplefilter("ignore")
    out, sys.stdout = sys.stdout, sys.stderr  # Readers print, too.
    cases = json.load(sys.stdin)
    here = tempfile.mkdtemp()
    os.chdir(here)
    watch = Watch()
    builtin_names.close_names("x")
    mimetypes.init()  # Reads the system's table, for `file://`.
    signal.signal(signal.SIGALRM, _too_long)
    own = str(Path(keras.__file__).parent)
    results = []
    limited = False
    model, fresh = small(), False
    for case in cases:
        path, good = case["path"], case.get("good", False)
        if not good and not limited:
            limited = True
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            size = pages * resource.getpagesize() + ROOM
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
        if fresh:
            model = small()
        before = state(model)
        watch.seen = []
        allowed = (
            path,
            str(Path(path).parent),
            tempfile.gettempdir() + "/assets-",
            own,
            sys.prefix,
            sys.base_prefix,
        )
        watch.allowed = None if good else (*allowed, tempfile.gettempdir() + "/tmp")
        start = time.perf_counter()
        signal.alarm(SECONDS)
        kind = message = ""
        try:
            READERS[case["reader"]](model, path)
        except BaseException as error:
            kind, message = type(error).__name__, str(error)
            refused = isinstance(error, (ValueError, TypeError, OSError))
        else:
            refused = False
        signal.alarm(0)
        watch.allowed = None
        fresh = not refused
        results.append(
            {
                "kind": kind,
                "message": message[:1500].encode("utf-8", "replace").decode(),
                "refused": refused,
                "changed": not good and state(model) != before,
                "seconds": time.perf_counter() - start,
                "seen": watch.seen[:5],
            }
        )
    Path(here).rmdir()  # An error if anything is there.
    json.dump(results, out)


if __name__ == "__main__":
    main()
