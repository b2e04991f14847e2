"""Rows of the layers that Keras does not have: activations by PyTorch's names, and instance normalisation."""

from __future__ import annotations

from typing import Any

from oxhorn.testing.reference import activations as act
from oxhorn.testing.reference import layers as ref
from tests.layers.table import LayerRow as Row

_SHAPE = (3, 4)


def activation(layer: str, reference: Any, arguments: dict[str, Any] | None = None) -> Row:
    return Row(layer, arguments or {}, [_SHAPE], lambda x: reference(x, **(arguments or {})), loose=8)


def instance_norm(arguments: dict[str, Any], shape: tuple[int, ...]) -> Row:
    n = (shape[arguments.get("axis", -1)],)
    weights = [
        (name, n) for name, key in (("gamma", "scale"), ("beta", "center")) if arguments.get(key, True)
    ]
    options = {k: arguments[k] for k in ("axis", "epsilon") if k in arguments}

    def reference(x: Any, *values: Any) -> Any:
        given = dict(zip([name for name, _ in weights], values, strict=True))
        return ref.instance_normalization(x, given.get("gamma"), given.get("beta"), **options)

    return Row("InstanceNormalization", arguments, [shape], reference, weights, loose=32)


ADDITIONS = [
    activation("CELU", act.celu),
    activation("CELU", act.celu, {"alpha": 0.5}),
    activation("GELU", act.gelu),
    activation("GELU", act.gelu, {"approximate": True}),
    activation("GLU", act.glu),
    activation("GLU", act.glu, {"axis": 1}),
    activation("Hardshrink", act.hard_shrink, {"threshold": 0.71}),
    activation("Hardsigmoid", act.hard_sigmoid),
    activation("Hardswish", act.hard_silu),
    activation("Hardtanh", act.hard_tanh),
    activation("LogSigmoid", act.log_sigmoid),
    activation("LogSoftmax", act.log_softmax),
    activation("Mish", act.mish),
    activation("ReLU6", act.relu6),
    activation("SELU", act.selu),
    activation("SiLU", act.silu),
    activation("Sigmoid", act.sigmoid),
    activation("Softplus", act.softplus),
    activation("Softshrink", act.soft_shrink, {"threshold": 0.71}),
    activation("Softsign", act.softsign),
    activation("Tanh", act.tanh),
    activation("Tanhshrink", act.tanh_shrink),
    activation("Threshold", act.threshold, {"threshold": 0.31, "default_value": -0.5}),
    Row("RReLU", {"seed": 3}, [_SHAPE], act.rrelu, random=True),
    Row("RReLU", {"lower": -0.5, "upper": 0.5}, [(2, 3, 2)], lambda x: act.rrelu(x, -0.5, 0.5), random=True),
    instance_norm({}, (2, 5, 3)),
    instance_norm({"axis": 1, "epsilon": 0.01, "center": False}, (2, 3, 4, 2)),
    instance_norm({"scale": False}, (2, 3, 4, 2)),
]
# Keras has no config and no numbers for these.
ADDED = {row.layer for row in ADDITIONS}
