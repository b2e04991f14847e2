"""CIFAR-10: 60,000 small photographs of ten kinds of things."""

from __future__ import annotations

from oxhorn.datasets import cifar
from oxhorn.datasets.images import Split

class_names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_MEMBERS = dict.fromkeys([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], 40 << 20)


def load_data() -> tuple[Split, Split]:
    """Load CIFAR-10.

    Looked for in the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in `~/.keras/datasets`, as the
    folder `cifar-10-batches-py` or the archive `cifar-10-python.tar.gz`, which is read and never unpacked; else
    downloaded and checked. Of the pickles in it only lists, numbers and arrays of bytes are read.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images of shape `(50000, 32, 32, 3)` and `(10000, 32, 32, 3)`,
        channels first if that is the configured image data format, and uint8 labels of shape `(n, 1)`, named by
        `oxhorn.datasets.cifar10.class_names`.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if a file is damaged.

    Example:
        >>> import oxhorn as keras
        >>> keras.datasets.cifar10.class_names[3]
        'cat'
        >>> (x_train, y_train), _ = keras.datasets.cifar10.load_data()  # doctest: +SKIP

    Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009,
    https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    return cifar.load(
        "cifar10",
        "cifar-10-batches-py",
        "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        _MEMBERS,
        ("labels",),
        10,
    )
