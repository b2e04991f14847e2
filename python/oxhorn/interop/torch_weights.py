"""Weights of a PyTorch model into a model here, and back."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from oxhorn.arguments import boolean
from oxhorn.engine.layer_state import LayerState
from oxhorn.interop import sources
from oxhorn.interop.mapping import is_left_out, paired
from oxhorn.interop.modules import modules_of, named_as_in_torch
from oxhorn.interop.plan import Plan
from oxhorn.interop.report import LoadReport
from oxhorn.interop.stored import Array, Stored
from oxhorn.interop.targets import Targets

__all__ = ["load_torch_state_dict", "to_torch_state_dict"]


def load_torch_state_dict(
    model: Any,
    source: Any,
    mapping: Any = "order",
    *,
    key: str | Sequence[str] | None = None,
    prefix: str | None = None,
    ignore: str | Sequence[Any] = (),
    keep: str | Sequence[str] = (),
    flattened: Mapping[str, Sequence[int] | None] | None = None,
    strict: bool = True,
) -> LoadReport:
    """Set the weights of a model from those of a PyTorch model, in the layout of our layers.

    With `W` for PyTorch's array, `V` for ours and `R` rows of PyTorch's gate after gate:

        Dense, EinsumDense      V[i, o] = W[o, i]
        Conv1D, Conv2D, Conv3D  V[y, x, i, o] = W[o, i, y, x], grouped ones too
        DepthwiseConv           V[y, x, i, m] = W[i * M + m, 0, y, x]
        SeparableConv           two modules: depthwise, then pointwise
        ConvTranspose           V[y, x, o, i] = W[i, o, y, x]
        normalisations          weight, bias, running_mean, running_var -> gamma (scale), beta, moving_mean,
                                moving_variance
        LSTM, SimpleRNN         V = W^T, the two biases added; gates i f c o are PyTorch's i f g o
        GRU                     V = W^T, gates r z n -> z r n, both biases as rows (needs `reset_after=True`)
        MultiHeadAttention      in_proj_weight in three parts, V[i, head, d] = W[head * D + d, i]; out_proj likewise
        Embedding, PReLU        as they are

    Which conversion is taken depends on the type of the layer alone, never on shapes that happen to fit. A dense
    layer after `Flatten` needs its rows in another order, because PyTorch's maps have their channels first:
    `V[(y * W + x) * C + c, o] = W[o, (c * H + y) * W + x]`. The calls of the model show where that is so, through
    dropout, activations, concatenation and nested models; and where a dense layer's outputs become a map by
    `Reshape`. Where they do not show it, as where a map is cut into steps for a recurrent layer, the error says so, and
    `flattened` tells it.

    Everything is checked, read and converted before the first weight is set. Nothing in a file is run: see
    `saving/restricted_pickle.py`. Weights that are NaN or infinite are set as they are; the report names them, and a
    warning is given.

    Arrays of NumPy need none of this: `layer.set_weights([kernel, bias])`, or `layer.kernel.assign(kernel)`.

    Args:
        model: A built model, or a built layer.
        source: The path of a file of `torch.save` (of any version since 0.4) or of a safetensors file; or a dict of
            arrays of NumPy or tensors of PyTorch.
        mapping: Which module of PyTorch belongs to which layer.
            "order": the modules as the source lists them, and the layers as they lead to the outputs, one by one: where
            branches meet, as in `Add()([a, b])`, those of `a` come first. In a model that is a class of your own
            the order is that of its attributes.
            "name": modules and layers of the same name, nested ones with dots.
            A dict: names of modules, or of single arrays, and the names (or paths, `"encoder/dense"`) of layers or
            weights; None leaves one out. The levels of a recurrent module are `"rnn.l0"`, `"rnn.l1"`, ...; the halves
            of a separable convolution are `"conv/depthwise"` and `"conv/pointwise"`.
            A list of pairs, of which the first that fits counts: a template, `("blocks.{i}.conv", "block{i+1}_conv")`,
            where `{i}` stands for text without dots; or a compiled regular expression with its replacement.
            Defaults to "order".
        key: The part of a checkpoint that holds the weights, such as "state_dict"; a list leads further in. Defaults to
            None, the whole.
        prefix: What all names begin with, such as "module."; it is taken away, and other names are left out.
            Defaults to None.
        ignore: Names in the source to leave out: of arrays, of modules with all that is in them, or compiled regular
            expressions. Defaults to none.
        keep: Names of layers that stay as they are, such as a new top. Defaults to none.
        flattened: For dense and recurrent layers by name, the map `(height, width, channels)` that was flattened before
            them, or None if there was none. Defaults to None: what the calls of the model show.
        strict: Whether leftovers on either side are an error. Without it what fits is set. Defaults to True.

    Returns:
        A `LoadReport`: what was matched, what was not used, what was not set. `print` it.

    Raises:
        ValueError: If the file is damaged, of another kind, or holds anything but plain data and tensors; if a name in
            `mapping` is not there; if `strict` and something is left over. The model is unchanged.
        FileNotFoundError: If there is no file.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="top")])
    >>> state = {"fc.weight": np.array([[1, 2, 3], [4, 5, 6]], "float32"), "fc.bias": np.zeros(2, "float32")}
    >>> print(keras.interop.load_torch_state_dict(model, state))
    matched: 2
      fc.weight -> top/kernel: (out, in) -> (in, out)
      fc.bias   -> top/bias: as it is
    >>> model.get_layer("top").kernel.numpy()
    array([[1., 4.],
           [2., 5.],
           [3., 6.]], dtype=float32)
    """
    who = "load_torch_state_dict"
    strict = boolean(strict, "strict", who)
    if not isinstance(model, LayerState):
        raise ValueError(
            f"{who}: expected a model or a layer first; got an object of type {type(model).__name__}."
        )
    ignored = _listed(ignore, "ignore", (str, re.Pattern), who)
    with sources.opened(source, key, who) as (arrays, others, where):
        arrays, outside = _without_prefix(arrays, prefix, where)
        chosen = {name: stored for name, stored in arrays.items() if not is_left_out(name, ignored)}
        targets = Targets(model, flattened, who)
        kept = {
            id(variable)
            for name in _listed(keep, "keep", (str,), who)
            for part in targets.layer(name, "`keep`")._flatten_layers()
            for variable in part._own_variables()
        }
        modules = modules_of(chosen)
        plan = Plan(modules, others, targets, paired(mapping, modules, targets, kept, who), kept, who)
        plan.report.left_out.extend([*outside, *(name for name in arrays if name not in chosen)])
        if strict and not plan.report.complete:
            raise ValueError(
                f"{who}: {where} and model {model.name!r} do not have the same weights; nothing was changed. Say which "
                f"belong together (`mapping`), leave some out (`ignore`, `keep`), or pass strict=False.\n"
                f"{plan.report.text(20)}"
            )
        values = plan.values()
    for variable, value in values:
        variable.assign(value)
    unusual = [note for note in plan.report.notes if "infinite" in note]
    if unusual:
        warnings.warn(f"{who}: {'; '.join(unusual[:5])}.", stacklevel=2)
    return plan.report


def to_torch_state_dict(model: Any, names: Mapping[str, str] | None = None) -> dict[str, Array]:
    """The weights of a model in the layout and under the names of PyTorch: the way back of `load_torch_state_dict`.

    `torch_model.load_state_dict({name: torch.from_numpy(array) for name, array in to_torch_state_dict(model).items()})`

    Args:
        model: A built model or layer.
        names: For layers by path, the names of their modules; others are called by their path, with dots. Defaults to
            None.

    Returns:
        Arrays by name, in the order of the layers' calls. An LSTM's bias is the first of its two; the second is zero.

    Raises:
        ValueError: If a weight belongs to a layer that PyTorch does not have.

    Example:
    >>> import oxhorn as keras
    >>> model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 5, name="conv")])
    >>> {name: array.shape for name, array in keras.interop.to_torch_state_dict(model).items()}
    {'conv.weight': (4, 3, 5, 5), 'conv.bias': (4,)}
    """
    who = "to_torch_state_dict"
    if not isinstance(model, LayerState):
        raise ValueError(f"{who}: expected a model or a layer; got an object of type {type(model).__name__}.")
    targets = Targets(model, None, who)
    called = {id(targets.target(path, "`names`").part): name for path, name in (names or {}).items()}
    found: dict[str, Array] = {}
    done: set[int] = set()
    for target in targets.found:
        module = called.get(id(target.part), target.path.replace("/", "."))
        level = target.part.name if target.part.name.startswith("l") else ""
        if level and id(target.part) not in called:
            module = module.removesuffix(f".{level}")
        arrays: dict[str, Array] = {}
        for row in target.part.rows:
            if id(row.variable) in targets.problems:
                continue
            done.add(id(row.variable))
            arrays.update(zip(row.names, row.conversion.to_torch(row.variable.numpy()), strict=True))
        for name, array in named_as_in_torch(module, level, arrays.items()).items():
            if name in found:
                raise ValueError(
                    f"{who}: two layers would be named {name!r}; give one of them another name in `names`."
                )
            found[name] = np.ascontiguousarray(array)
    lost = [
        f"{path} ({targets.problems.get(id(variable), 'PyTorch has no such layer')})"
        for path, variable in targets.variables.items()
        if id(variable) in targets.weights and id(variable) not in done
    ]
    if lost:
        raise ValueError(f"{who}: some weights have no place in PyTorch: {'; '.join(lost[:10])}.")
    return found


def _without_prefix(
    arrays: Mapping[str, Stored], prefix: str | None, where: str
) -> tuple[dict[str, Stored], list[str]]:
    if not prefix:
        return dict(arrays), []
    start = prefix if prefix.endswith(".") else f"{prefix}."
    inside = {name[len(start) :]: stored for name, stored in arrays.items() if name.startswith(start)}
    if not inside:
        beginnings = sorted({name.partition(".")[0] for name in arrays})
        raise ValueError(
            f"{where}: no name begins with the prefix {start!r}; they begin with {', '.join(beginnings[:20])}."
        )
    return inside, [f"{name} (outside of the prefix)" for name in arrays if not name.startswith(start)]


def _listed(value: Any, name: str, kinds: tuple[type, ...], who: str) -> list[Any]:
    found = [value] if isinstance(value, kinds) else value
    if not isinstance(found, (list, tuple, set)) or not all(isinstance(one, kinds) for one in found):
        raise ValueError(f"{who}: expected `{name}` to be a name or a list of names; got {value!r}.")
    return list(found)
