"""Writes docs/keras_names.md: each of Keras's public names, and whether it is here, or why not.

    python tools/keras_names.py            # write the page
    python tools/keras_names.py --check    # say what is out of date or has no reason, and fail if anything is

`keras_names.tsv` holds the public names of Keras 3.15.1, and in how many of 276 files each is used: Keras's own guides
and examples, and the notebooks of two textbooks.
"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "keras_names.md"
NAMES = Path(__file__).with_suffix(".tsv")

# Why a name is missing: the first pattern that fits. Names that are here need no reason, so that a line may stay a
# while after its names came.
_APPLICATIONS = "not yet: ready-made architectures"
_FILES = "not yet: whole models in files"
_FOREIGN = "runs another framework, none of which is needed here"
_QUANTIZED = "weights are float32 or float64; there are no quantized ones"
REASONS: tuple[tuple[str, str], ...] = (
    ("keras.Quantizer", _QUANTIZED),
    (
        "keras.RematScope",
        "not yet: activations are kept for the backward pass, not computed again",
    ),
    (
        "keras.remat",
        "not yet: activations are kept for the backward pass, not computed again",
    ),
    (
        "keras.SymbolicScope",
        "tells Keras's backends that only shapes are wanted; symbolic tensors say so themselves",
    ),
    ("keras.applications.*", _APPLICATIONS),
    ("keras.callbacks.OrbaxCheckpoint", _FOREIGN),
    (
        "keras.callbacks.RemoteMonitor",
        "posts logs to a server of old; a `LambdaCallback` posts them anywhere",
    ),
    ("keras.callbacks.TensorBoard", "not yet: event files"),
    ("keras.config.enable_unsafe_deserialization", "no file can run code, and nothing changes that"),
    ("keras.config.is_nnx_enabled", _FOREIGN),
    ("keras.distillation.*", "not yet: distillation"),
    ("keras.distribution.*", "one process computes, on one CPU: there is nothing to distribute over"),
    ("keras.dtype_policies.*", _QUANTIZED),
    ("keras.export.ExportArchive", "writes files of TensorFlow; `Model.export` writes ONNX"),
    ("keras.layers.FlaxLayer", _FOREIGN),
    ("keras.layers.JaxLayer", _FOREIGN),
    ("keras.layers.TFSMLayer", _FOREIGN),
    ("keras.layers.TorchModuleWrapper", _FOREIGN),
    ("keras.legacy.*", _FILES),
    ("keras.models.*", _FILES),
    ("keras.ops.polar", "there are no complex tensors; `stack([r * cos(t), r * sin(t)], -1)` has both parts"),
    (
        "keras.ops.nn.polar",
        "there are no complex tensors; `stack([r * cos(t), r * sin(t)], -1)` has both parts",
    ),
    ("keras.optimizers.legacy.*", "in Keras 3 each of them only raises an error"),
    ("keras.quantizers.*", _QUANTIZED),
    ("keras.saving.*", _FILES),
    ("keras.utils.legacy.*", _FILES),
    ("keras.utils.model_to_dot", "makes a graph for pydot and Graphviz; `plot_model` draws without them"),
    ("keras.visualization.*", "not yet: pictures with boxes and masks"),
    ("keras.wrappers.*", "not yet: scikit-learn"),
)

_INTRODUCTION = """# Keras's names

Each of the {total} public names of Keras 3.15.1, and whether `import oxhorn as keras` has it: {here} are here,
{missing} are not. The number after a name says how many of 276 files use it: Keras's own guides and examples, and the
notebooks of two textbooks.

This page is made by `make names`; a test fails where it is not up to date, or where a missing name has no reason.
What Oxhorn has beyond Keras says so in its docstring.
"""


def keras_names() -> dict[str, int]:
    """Keras's public names, and how many files use each."""
    rows = (line.split("\t") for line in NAMES.read_text(encoding="utf-8").splitlines()[1:])
    return {name: int(files) for name, files in rows}


def is_here(name: str) -> bool:
    """Whether the package has what Keras calls `name`."""
    import oxhorn

    found: object = oxhorn
    for part in name.split(".")[1:]:
        try:
            found = getattr(found, part)
        except AttributeError:
            return False
    return True


def reason(name: str) -> str | None:
    """Why a missing name is missing."""
    return next((why for pattern, why in REASONS if fnmatch.fnmatchcase(name, pattern)), None)


def without_reason(names: Iterable[str]) -> list[str]:
    """Those of the names that are missing, and nobody says why."""
    return [name for name in names if not is_here(name) and reason(name) is None]


def page() -> str:
    """The text of the page."""
    names = keras_names()
    here = {name for name in names if is_here(name)}
    modules: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (name.rpartition(".")[0], name.rpartition(".")[2].lower())):
        modules.setdefault(name.rpartition(".")[0], []).append(name)
    lines = [_INTRODUCTION.format(total=len(names), here=len(here), missing=len(names) - len(here))]
    lines += ["| module | here | names |", "|---|---:|---:|"]
    for module, of_module in modules.items():
        lines.append(f"| [{module}](#{_anchor(module)}) | {len(here & set(of_module))} | {len(of_module)} |")
    for module, of_module in modules.items():
        lines += ["", f"## {module}", ""]
        present = [_entry(name, names[name]) for name in of_module if name in here]
        if present:
            lines += ["Here: " + ", ".join(present) + "."]
        missing = [name for name in of_module if name not in here]
        if present and missing:
            lines.append("")
        if missing:
            lines += ["| not here | used in | why |", "|---|---:|---|"]
            for name in missing:
                used = names[name] or ""
                lines.append(f"| `{name.rpartition('.')[2]}` | {used} | {reason(name) or ''} |")
    return "\n".join(lines) + "\n"


def _entry(name: str, files: int) -> str:
    short = name.rpartition(".")[2]
    return f"`{short}` {files}" if files else f"`{short}`"


def _anchor(heading: str) -> str:
    return heading.replace(".", "")


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    lost = without_reason(keras_names())
    for name in lost:
        print(f"{name} is missing: give a reason in {Path(__file__).name}, or build it.", file=sys.stderr)
    if not arguments:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        print(f"{PAGE.relative_to(ROOT)} is out of date: make names", file=sys.stderr)
        return 1
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
