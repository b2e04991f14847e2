"""How configs name the functions of `ops`: the module and the class that stand for each in Keras's own files."""

from __future__ import annotations

import functools
from typing import Any

from oxhorn.engine import naming

# Functions that are not in the module `numpy`.
_MODULES = {
    "nn": """
        adaptive_average_pool adaptive_max_pool average_pool batch_normalization binary_crossentropy
        categorical_crossentropy celu conv conv_transpose ctc_decode ctc_loss depth_to_space depthwise_conv
        dot_product_attention elu fold gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
        layer_normalization leaky_relu log_sigmoid log_softmax max_pool moments multi_hot normalize one_hot psnr relu
        relu6 rms_normalization selu separable_conv sigmoid silu soft_shrink softmax softplus softsign space_to_depth
        sparse_categorical_crossentropy sparse_plus sparse_sigmoid sparsemax squareplus swish tanh_shrink threshold
        unfold
    """,
    "core": """
        associative_scan cast cond convert_to_tensor fori_loop map saturate_cast scan scatter scatter_update slice
        slice_update stop_gradient switch unstack vectorized_map while_loop
    """,
    "math": """
        cdist erf erfc erfinv extract_sequences fft fft2 ifft2 in_top_k irfft istft logdet logsumexp rfft rsqrt
        segment_max segment_min segment_prod segment_sum stft top_k view_as_complex view_as_real
    """,
    "linalg": """
        cholesky cholesky_inverse det eig eigh inv jvp lstsq lu_factor matrix_rank norm pinv qr solve solve_triangular
        svd
    """,
    "einops": "rearrange",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

# Classes whose names are not those of their functions in camel case.
_CLASSES = {
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss",
    "fft": "FFT",
    "fft2": "FFT2",
    "hard_swish": "HardSilu",
    "ifft2": "IFFT2",
    "image.hsv_to_rgb": "HSVToRGB",
    "image.rgb_to_grayscale": "RGBToGrayscale",
    "image.rgb_to_hsv": "RGBToHSV",
    "image.ssim": "SSIM",
    "irfft": "IRFFT",
    "isin": "IsIn",
    "istft": "ISTFT",
    "jvp": "JVP",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rfft": "RFFT",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "stft": "STFT",
    "svd": "SVD",
    "swish": "Silu",
}

# Arguments that may be tensors, but belong to the operation and not to its call where they are not.
IN_CONFIG = {
    "bincount": ("weights",),
    "gaussian_blur": ("sigma",),
    "max": ("initial",),
    "min": ("initial",),
    "trapezoid": ("x",),
}

# Arguments that are no tensors, and belong to the call.
IN_CALL = {
    "dot_product_attention": ("scale",),
    "isclose": ("rtol", "atol"),
    "pad": ("constant_values",),
    "rearrange": ("pattern", "axes_lengths"),
    "scale_and_translate": ("output_shape",),
}


def qualified_name(function_name: str, defined_in: str) -> str:
    """The name under `ops` of a function that is defined in this module: `"image.resize"`, `"relu"`."""
    return f"image.{function_name}" if defined_in.startswith("oxhorn.ops.image") else function_name


def place_of(name: str) -> tuple[str, str]:
    """The module and the class of a function, by its name under `ops`."""
    short = name.rpartition(".")[2]
    module = "image" if name.startswith("image.") else _MODULE_OF.get(short, "numpy")
    return f"keras.src.ops.{module}", _CLASSES.get(name, naming.to_camel_case(short))


def name_of(class_name: str) -> str:
    """The name under `ops` of the function that a class stands for; the class in snake case if it is none of them."""
    return _names().get(class_name, naming.to_snake_case(class_name))


@functools.cache
def _names() -> dict[str, str]:
    from oxhorn import ops

    names: dict[str, str] = {}
    for name in [*ops.__all__, *(f"image.{one}" for one in ops.image.__all__)]:
        # Of two names for one class (`silu`, `swish`), the class's own.
        class_name = place_of(name)[1]
        if class_name not in names or name not in _CLASSES:
            names[class_name] = name
    return names


def function_of(name: str) -> Any:
    """The function of this name under `ops`; `None` if there is none."""
    from oxhorn import ops

    if name.startswith("image."):
        short = name.removeprefix("image.")
        return getattr(ops.image, short) if short in ops.image.__all__ else None
    return getattr(ops, name) if name in ops.__all__ else None
