"""Index files import nothing until a name is used: their lists agree, and a small script stays small."""

from __future__ import annotations

import ast
import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import oxhorn as keras
from oxhorn import lazy

ROOT = Path(keras.__file__).parent
INDICES = sorted(
    str(path.parent.relative_to(ROOT.parent)).replace("/", ".")
    for path in ROOT.rglob("__init__.py")
    if "lazy.names(" in path.read_text()
)


def _lists(package: str) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """What an index file imports for type checkers, and what it tells Python: name -> (module, attribute)."""
    source = Path(str(importlib.import_module(package).__file__)).read_text()
    (choice,) = [node for node in ast.parse(source).body if isinstance(node, ast.If)]
    imported = {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in choice.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    (call,) = [node for node in ast.walk(choice) if isinstance(node, ast.Call)]
    table = ast.literal_eval(call.args[1])
    return imported, {name: (module, attribute) for name, module, attribute in lazy.parsed(table)}


@pytest.mark.parametrize("package", INDICES)
def test_an_index_says_the_same_to_type_checkers_and_to_python(package: str) -> None:
    for_checkers, for_python = _lists(package)
    assert for_python == for_checkers, (
        f"{package}: the imports under `if TYPE_CHECKING` and the table of `lazy.names` must name the same things"
    )
    assert set(for_python) == set(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", INDICES)
def test_every_name_of_an_index_loads(package: str) -> None:
    index = importlib.import_module(package)
    for name in index.__all__:
        assert getattr(index, name) is not None
    assert set(index.__all__) <= set(dir(index))
    assert len(set(index.__all__)) == len(index.__all__)
    star: dict[str, Any] = {}
    exec(f"from {package} import *", star)
    assert set(index.__all__) <= set(star)


@pytest.mark.parametrize("package", INDICES)
def test_no_module_hides_a_name(package: str) -> None:
    index = importlib.import_module(package)
    folder = Path(str(index.__file__)).parent
    modules = {path.stem for path in folder.glob("*.py")} | {
        p.parent.name for p in folder.glob("*/__init__.py")
    }
    _, table = _lists(package)
    hidden = {name for name in modules & set(table) if table[name] != (package, name)}
    assert not hidden, (
        f"{package}: importing a module of the name of a function puts it in the function's place"
    )


@pytest.mark.parametrize("package", INDICES)
def test_unknown_names_are_attribute_errors(package: str) -> None:
    index = importlib.import_module(package)
    with pytest.raises(AttributeError, match=rf"module '{package}' has no attribute 'Nonesuch'"):
        _ = index.Nonesuch
    assert not hasattr(index, "__wrapped__")
    with pytest.raises(ImportError, match="Nonesuch"):
        exec(f"from {package} import Nonesuch", {})


def test_classes_that_were_found_late_are_pickled() -> None:
    for thing in (keras.layers.Convolution2D, keras.losses.mse, keras.optimizers.schedules.CosineDecay):
        assert pickle.loads(pickle.dumps(thing)) is thing


def test_threads_may_ask_for_one_name_at_once() -> None:
    code = """
import threading
import oxhorn as keras
gate, found = threading.Barrier(8), []
def ask():
    gate.wait()
    found.append((keras.layers.LSTM, keras.ops.matmul, keras.Sequential))
threads = [threading.Thread(target=ask) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(found) == 8 and len(set(found)) == 1
"""
    _fresh(code)


def _fresh(code: str) -> set[str]:
    """The modules that a new process has imported after `code`."""
    report = "\nimport sys\nprint('MODULES', *sys.modules)"
    path = os.pathsep.join(filter(None, (str(ROOT.parent), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", code + report],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rsplit("MODULES", 1)[1].split())


FIRST = "import oxhorn as keras\nkeras.Sequential\nkeras.layers.Dense"
SCRIPT = """
import numpy as np
import oxhorn as keras
model = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(np.zeros((8, 5), "float32"), np.zeros(8, "int32"), batch_size=8, verbose=0)
"""
# What no small script may import: other people's packages, and families of ours that it does not use.
FOREIGN = {"h5py", "jax", "keras", "matplotlib", "pandas", "scipy", "tensorflow", "torch"}
UNUSED = (
    "oxhorn.datasets",
    "oxhorn.layers.attention",
    "oxhorn.layers.convolutional",
    "oxhorn.layers.merging",
    "oxhorn.layers.normalization",
    "oxhorn.layers.pooling",
    "oxhorn.layers.preprocessing",
    "oxhorn.layers.regularization",
    "oxhorn.layers.reshaping",
    "oxhorn.layers.rnn",
    "oxhorn.metrics.auc",
    "oxhorn.metrics.iou",
    "oxhorn.ops.image",
    "oxhorn.ops.linalg",
    "oxhorn.optimizers.sgd",
    "oxhorn.optimizers.lbfgs",
    "oxhorn.testing",
    "oxhorn.utils.drawing",
    "oxhorn.utils.feature_space",
    "oxhorn.callbacks.early_stopping",
)


# Slow modules of Python and NumPy, and training, which a model that is only built does not need.
LATER = {"concurrent.futures", "difflib", "logging", "numpy.random", "oxhorn.training.fitting"}


def test_a_model_is_built_without_what_trains_it() -> None:
    assert not LATER & (_fresh(FIRST) - _fresh("import numpy"))


@pytest.mark.parametrize(("code", "most"), [("import oxhorn", 2), (FIRST, 65), (SCRIPT, 145)])
def test_a_small_script_imports_little(code: str, most: int) -> None:
    modules = _fresh(code)
    ours = {name for name in modules if name.split(".")[0] == "oxhorn"}
    assert not FOREIGN & {name.split(".")[0] for name in modules}
    assert not {name for name in ours if any(f"{name}.".startswith(f"{family}.") for family in UNUSED)}
    assert len(ours) <= most, sorted(ours)
