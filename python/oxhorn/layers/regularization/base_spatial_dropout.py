"""What the spatial dropout layers share."""

from __future__ import annotations

from typing import Any, ClassVar

from oxhorn import arguments, random
from oxhorn.engine.input_spec import InputSpec
from oxhorn.layers.regularization.dropout import Dropout


class BaseSpatialDropout(Dropout):
    """Dropout of whole feature maps: one choice for each sample and channel."""

    # The number of axes between the batch and the channels.
    axes: ClassVar[int]

    def __init__(
        self,
        rate: float,
        seed: Any = None,
        name: str | None = None,
        dtype: Any = None,
        data_format: str | None = "channels_last",
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = arguments.data_format(data_format, type(self).__name__)
        self.input_spec = InputSpec(ndim=self.axes + 2)

    def call(self, inputs: Any, training: bool | None = False, mask: Any = None) -> Any:
        """Drop whole feature maps."""
        del mask
        if not training or self.rate == 0:
            return inputs
        shared = [1] * self.axes
        first = self.data_format == "channels_first"
        noise_shape = [None, None, *shared] if first else [None, *shared, None]
        return random.dropout(inputs, self.rate, noise_shape, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}
