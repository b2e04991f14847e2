"""Fashion-MNIST: 70,000 pictures of clothes, 28 x 28 grey pixels."""

from __future__ import annotations

from oxhorn.datasets import files, images

class_names = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_SHA256 = (
    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)


def load_data() -> tuple[images.Split, images.Split]:
    """Load Fashion-MNIST.

    Looked for in the folder named by `OXHORN_DATASETS`, in `~/.oxhorn/datasets` and in `~/.keras/datasets`, as the
    four IDX files in a subfolder `fashion-mnist` (plain or `.gz`); else downloaded and checked. The names of the
    classes are in `oxhorn.datasets.fashion_mnist.class_names`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images of shape `(60000, 28, 28)` and `(10000, 28, 28)` with
        pixels from 0 to 255, and uint8 labels from 0 to 9.

    Raises:
        FileNotFoundError: if it is not there and cannot be downloaded; the message says what to put where.
        ValueError: if a file is damaged.

    Example:
        >>> import oxhorn as keras
        >>> keras.datasets.fashion_mnist.class_names[9]
        'Ankle boot'
        >>> (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()  # doctest: +SKIP

    Source: H. Xiao, K. Rasul, R. Vollgraf, https://arxiv.org/abs/1708.07747; Zalando SE, MIT licence.
    """
    names = [f"fashion-mnist/{name}" for name in images.IDX_FILES]
    raw = files.find(names)
    if raw is not None:
        return images.from_idx("fashion_mnist", raw)
    try:
        for name, sha256 in zip(names, _SHA256, strict=True):
            if not (files.own_folder() / f"{name}.gz").is_file():
                files.download("fashion_mnist", f"{name}.gz", sha256, max_bytes=40 << 20)
    except OSError as error:
        choices = ["fashion-mnist/ with " + ", ".join(images.IDX_FILES) + " (each plain or .gz)"]
        reason = f"not found here, and the download failed: {error}."
        raise files.missing("fashion_mnist", choices, reason) from error
    return images.from_idx("fashion_mnist", [files.own_folder() / f"{name}.gz" for name in names])
