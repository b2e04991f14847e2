"""What `torch.save` puts into its pickles: descriptions of tensors, over storages that lie outside of the pickle.

A tensor is a window into a storage of `numel` numbers:

    t[i, j, ...] = storage[offset + i * stride[0] + j * stride[1] + ...]

Each window is checked to lie inside its storage, and not to count a number twice, before anything is read.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from oxhorn.interop.stored import DTYPES, Array, widened
from oxhorn.saving.restricted_pickle import Known, PickleError, PickleReader, StandIn, ordered_dict

__all__ = ["Storage", "StoredTensor", "read_object", "window"]

MAX_STEPS = 2_000_000
_MAX_SIZE = 2**48
_MAX_RANK = 32

_SAVE_A_STATE_DICT = (
    "; this looks like a whole module or an object of a program's own. Where PyTorch is, load it and save "
    "`torch.save(model.state_dict(), path)`"
)


class Storage(NamedTuple):
    """Numbers in a row, outside of the pickle."""

    key: str
    dtype: str
    numel: int

    @property
    def itemsize(self) -> int:
        """The bytes of one number."""
        return np.dtype(DTYPES[self.dtype]).itemsize


class StoredTensor(StandIn):
    """A window into a storage."""

    def __init__(
        self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides


class _StorageClass(NamedTuple):
    name: str
    dtype: str


_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


def _sizes(value: Any, what: str) -> tuple[int, ...]:
    if not isinstance(value, (tuple, list)) or len(value) > _MAX_RANK:
        raise PickleError(f"it has a tensor whose {what} is no tuple of at most {_MAX_RANK} integers")
    for size in value:
        if type(size) is not int or not 0 <= size < 2**63:
            raise PickleError(f"it has a tensor whose {what} holds {repr(size)[:50]}, which is no size")
    return tuple(value)


def _size(value: Any = ()) -> tuple[int, ...]:
    return _sizes(value, "size")


def _tensor(
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any = False,
    hooks: Any = None,
    metadata: Any = None,
) -> StoredTensor:
    if not isinstance(storage, Storage):
        raise PickleError("it has a tensor without a storage")
    if metadata:
        raise PickleError(
            "it has a tensor that is a conjugate or negative view; call `resolve_neg()` before saving"
        )
    (start,) = _sizes((offset,), "offset")
    shape, strides = _sizes(size, "size"), _sizes(stride, "stride")
    if len(shape) != len(strides):
        raise PickleError(f"it has a tensor of size {shape} with the stride {strides}")
    if math.prod(n for n in shape if n) > _MAX_SIZE:
        raise PickleError(f"it has a tensor of size {shape}, more than {_MAX_SIZE} numbers")
    if 0 in shape:
        return StoredTensor(storage, 0, shape, strides)
    # Steps from small to large: each is longer than all that the smaller ones reach, so no number counts twice.
    reach = 0
    for step, count in sorted((step, count) for step, count in zip(strides, shape, strict=True) if count > 1):
        if step <= reach:
            raise PickleError(
                f"it has a tensor of size {shape} and stride {strides}, which counts numbers of its storage more than "
                "once (an expanded tensor: call `.contiguous()` before saving)"
            )
        reach += step * (count - 1)
    if start + reach >= storage.numel:
        raise PickleError(
            f"it has a tensor of size {shape}, stride {strides} and offset {start}, which reaches beyond its storage "
            f"of {storage.numel} numbers"
        )
    return StoredTensor(storage, start, shape, strides)


def _parameter(data: Any, requires_grad: Any = False, hooks: Any = None) -> StoredTensor:
    if not isinstance(data, StoredTensor):
        raise PickleError("it has a parameter without a tensor")
    return data


def _old_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> StoredTensor:
    return _tensor(storage, offset, size, stride)


_KNOWN = {
    ("collections", "OrderedDict"): Known("collections.OrderedDict", ordered_dict),
    ("torch._utils", "_rebuild_tensor"): Known("torch._utils._rebuild_tensor", _old_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): Known("torch._utils._rebuild_tensor_v2", _tensor),
    ("torch._utils", "_rebuild_parameter"): Known("torch._utils._rebuild_parameter", _parameter),
    ("torch", "Size"): Known("torch.Size", _size),
    **{("torch", name): Known(name, value=_StorageClass(name, dtype)) for name, dtype in _STORAGES.items()},
    **{("torch", dtype): Known(dtype) for dtype in DTYPES},
}

_OTHER_TENSORS = {
    "_rebuild_sparse_tensor": "a sparse tensor; call `.to_dense()` before saving",
    "_rebuild_sparse_csr_tensor": "a sparse tensor; call `.to_dense()` before saving",
    "_rebuild_qtensor": "a quantized tensor; call `.dequantize()` before saving",
    "_rebuild_meta_tensor_no_storage": "a tensor of the meta device, which has no numbers",
    "_rebuild_nested_tensor": "a nested tensor",
    "_rebuild_tensor_v3": "a tensor of a dtype that is not read",
    "_rebuild_wrapper_subclass": "a tensor of a class of its own",
    "_rebuild_from_type_v2": "a tensor of a class of its own, or with attributes",
}


def _why_refused(module: str, name: str) -> str:
    if module.split(".")[0] == "torch" and name in _OTHER_TENSORS:
        return f": {_OTHER_TENSORS[name]}"
    if module == "torch" and name.endswith("Storage"):
        return f": a dtype that is not read; expected one of {', '.join(DTYPES)}"
    if module.startswith("numpy"):
        return "; it holds arrays or numbers of NumPy beside the tensors. Save the state dict alone"
    if module.startswith("torch.nn") or module == "__main__":
        return _SAVE_A_STATE_DICT
    return "; nothing in a file is run. If it is a model, save `torch.save(model.state_dict(), path)`"


class StorageTable:
    """The storages that a pickle refers to, by key."""

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}

    def find(self, description: Any) -> Storage:
        """The storage for `("storage", class, key, location, numel)`."""
        if isinstance(description, tuple) and description and description[0] == "module":
            raise PickleError(f"it holds a module with its source{_SAVE_A_STATE_DICT}")
        if (
            not isinstance(description, tuple)
            or len(description) not in (5, 6)
            or description[0] != "storage"
        ):
            raise PickleError("it refers to something outside that is no storage")
        _, kind, key, _, numel = description[:5]
        if len(description) == 6 and description[5] is not None:
            raise PickleError(
                "it has views of storages, as PyTorch before 0.4 wrote them; save it again with a newer one"
            )
        if not isinstance(kind, _StorageClass) or type(numel) is not int or not 0 <= numel < _MAX_SIZE:
            raise PickleError("it has a storage without a class and a length")
        if not isinstance(key, str) or not (key.isascii() and key.isdecimal()) or len(key) > 30:
            raise PickleError(f"it has a storage with the key {repr(key)[:50]}; keys are numbers")
        storage = Storage(key, kind.dtype, numel)
        if self.storages.setdefault(key, storage) != storage:
            raise PickleError(f"it describes storage {key} in two ways")
        return storage


def read_object(content: bytes, table: StorageTable, start: int = 0) -> tuple[Any, int]:
    """The object of one pickle of `torch.save`, and where the pickle ends.

    Raises:
        PickleError: If it is damaged, or holds anything but plain data and tensors.
    """
    reader = PickleReader(
        content, _KNOWN, start=start, persistent=table.find, max_steps=MAX_STEPS, refused=_why_refused
    )
    return reader.load(), reader.position


def window(tensor: StoredTensor, numbers: Array) -> Array:
    """The numbers of a tensor, from those of its storage."""
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, np.float32 if "float" in tensor.storage.dtype else numbers.dtype)
    # Made by NumPy's own bounds-checked constructor, over a buffer that covers the window: no `as_strided`.
    size = numbers.dtype.itemsize
    view: Array = np.ndarray(
        tensor.shape,
        numbers.dtype,
        buffer=numbers,
        offset=tensor.offset * size,
        strides=tuple(step * size for step in tensor.strides),
    )
    return widened(view, tensor.storage.dtype)
