"""Activation functions, the curves between layers."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.activations.curves import (
        exponential,
        hard_tanh,
        linear,
        softplus,
        softsign,
        sparse_plus,
        squareplus,
        tanh,
        tanh_shrink,
    )
    from oxhorn.activations.distributions import log_softmax, softmax, sparsemax
    from oxhorn.activations.gates import (
        gelu,
        glu,
        hard_sigmoid,
        hard_silu,
        keras_2_hard_sigmoid,
        log_sigmoid,
        mish,
        sigmoid,
        silu,
        sparse_sigmoid,
    )
    from oxhorn.activations.gates import hard_silu as hard_swish
    from oxhorn.activations.gates import silu as swish
    from oxhorn.activations.lookup import deserialize, get, serialize
    from oxhorn.activations.rectifiers import (
        celu,
        elu,
        hard_shrink,
        leaky_relu,
        relu,
        relu6,
        selu,
        soft_shrink,
        threshold,
    )
    from oxhorn.activations.slopes import prelu, rrelu
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.activations.curves": (
                "exponential, hard_tanh, linear, softplus, softsign, sparse_plus, squareplus, tanh, "
                "tanh_shrink"
            ),
            "oxhorn.activations.distributions": "log_softmax, softmax, sparsemax",
            "oxhorn.activations.gates": (
                "gelu, glu, hard_sigmoid, hard_silu, hard_silu as hard_swish, keras_2_hard_sigmoid, "
                "log_sigmoid, mish, sigmoid, silu, silu as swish, sparse_sigmoid"
            ),
            "oxhorn.activations.lookup": "deserialize, get, serialize",
            "oxhorn.activations.rectifiers": (
                "celu, elu, hard_shrink, leaky_relu, relu, relu6, selu, soft_shrink, threshold"
            ),
            "oxhorn.activations.slopes": "prelu, rrelu",
        },
    )

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "keras_2_hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
