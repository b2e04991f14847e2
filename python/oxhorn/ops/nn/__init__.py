"""Functions of neural networks, also found in `ops` itself."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.ops.nn.activations import (
        celu,
        elu,
        gelu,
        glu,
        hard_shrink,
        hard_sigmoid,
        hard_silu,
        hard_swish,
        hard_tanh,
        leaky_relu,
        log_sigmoid,
        relu,
        relu6,
        selu,
        sigmoid,
        silu,
        soft_shrink,
        softplus,
        softsign,
        sparse_plus,
        sparse_sigmoid,
        squareplus,
        swish,
        tanh_shrink,
        threshold,
    )
    from oxhorn.ops.nn.attention import dot_product_attention
    from oxhorn.ops.nn.blocks import depth_to_space, fold, space_to_depth, unfold
    from oxhorn.ops.nn.convolutions import conv, conv_transpose, depthwise_conv, separable_conv
    from oxhorn.ops.nn.crossentropy import (
        binary_crossentropy,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
    )
    from oxhorn.ops.nn.ctc import ctc_decode, ctc_loss
    from oxhorn.ops.nn.encodings import multi_hot, one_hot
    from oxhorn.ops.nn.normalization import (
        batch_normalization,
        layer_normalization,
        moments,
        normalize,
        psnr,
        rms_normalization,
    )
    from oxhorn.ops.nn.pooling import adaptive_average_pool, adaptive_max_pool, average_pool, max_pool
    from oxhorn.ops.nn.shares import log_softmax, softmax, sparsemax
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.ops.nn.activations": (
                "celu, elu, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_swish, hard_tanh, "
                "leaky_relu, log_sigmoid, relu, relu6, selu, sigmoid, silu, soft_shrink, softplus, "
                "softsign, sparse_plus, sparse_sigmoid, squareplus, swish, tanh_shrink, threshold"
            ),
            "oxhorn.ops.nn.attention": "dot_product_attention",
            "oxhorn.ops.nn.blocks": "depth_to_space, fold, space_to_depth, unfold",
            "oxhorn.ops.nn.convolutions": "conv, conv_transpose, depthwise_conv, separable_conv",
            "oxhorn.ops.nn.crossentropy": (
                "binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy"
            ),
            "oxhorn.ops.nn.ctc": "ctc_decode, ctc_loss",
            "oxhorn.ops.nn.encodings": "multi_hot, one_hot",
            "oxhorn.ops.nn.normalization": (
                "batch_normalization, layer_normalization, moments, normalize, psnr, rms_normalization"
            ),
            "oxhorn.ops.nn.pooling": "adaptive_average_pool, adaptive_max_pool, average_pool, max_pool",
            "oxhorn.ops.nn.shares": "log_softmax, softmax, sparsemax",
        },
    )

__all__ = [
    "adaptive_average_pool",
    "adaptive_max_pool",
    "average_pool",
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "celu",
    "conv",
    "conv_transpose",
    "depth_to_space",
    "depthwise_conv",
    "ctc_decode",
    "ctc_loss",
    "dot_product_attention",
    "elu",
    "fold",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "layer_normalization",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "max_pool",
    "moments",
    "multi_hot",
    "normalize",
    "one_hot",
    "psnr",
    "relu",
    "relu6",
    "rms_normalization",
    "selu",
    "separable_conv",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "space_to_depth",
    "sparse_categorical_crossentropy",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
    "unfold",
]
