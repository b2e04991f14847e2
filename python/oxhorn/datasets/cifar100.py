"""CIFAR-100: 60,000 small photographs of a hundred kinds of things."""

from __future__ import annotations

from oxhorn.datasets import cifar
from oxhorn.datasets.images import Split


def load_data(label_mode: str = "fine") -> tuple[Split, Split]:
    """Load CIFAR-100.

    Looked for in the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in `~/.keras/datasets`, as the
    folder `cifar-100-python` or the archive `cifar-100-python.tar.gz`, which is read and never unpacked; else
    downloaded and checked. Of the pickles in it only lists, numbers and arrays of bytes are read.

    Args:
        label_mode: `"fine"` for 100 classes, or `"coarse"` for 20 of five of them each. Defaults to `"fine"`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images of shape `(50000, 32, 32, 3)` and `(10000, 32, 32, 3)`,
        channels first if that is the configured image data format, and uint8 labels of shape `(n, 1)`.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if a file is damaged, or `label_mode` is another word.

    Example:
        >>> import oxhorn as keras
        >>> (x_train, y_train), _ = keras.datasets.cifar100.load_data()  # doctest: +SKIP

    Source: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009,
    https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(
            f"cifar100: `label_mode` must be one of 'fine', 'coarse'. Received: label_mode={label_mode!r}."
        )
    return cifar.load(
        "cifar100",
        "cifar-100-python",
        "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        {"train": 180 << 20, "test": 40 << 20},
        (f"{label_mode}_labels",),
        100 if label_mode == "fine" else 20,
    )
