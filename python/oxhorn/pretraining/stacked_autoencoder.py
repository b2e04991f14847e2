"""Autoencoders, stacked and trained level by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from oxhorn import activations, arguments
from oxhorn.layers.core.dense import Dense
from oxhorn.layers.core.dense_transpose import DenseTranspose
from oxhorn.layers.input_layer import Input
from oxhorn.layers.layer import Layer
from oxhorn.models.model import Model
from oxhorn.models.sequential import Sequential
from oxhorn.pretraining.corruption import Corruption
from oxhorn.pretraining.greedy import array_of, fresh_optimizer

__all__ = ["StackedAutoencoder"]

_WHO = "StackedAutoencoder"


class StackedAutoencoder(Model):
    """Codes from which the input can be told again: layers for a task with few labels, learnt without any.

    `h_0 = x; h_i = f_i(h_{i-1}); r_n = h_n; r_{i-1} = g_i(r_i)`: the code is `h_n`, the reconstruction `r_0`

    `pretrain` trains one level `g_i(f_i(h_{i-1}))` after the other, on the codes of the level below, which are computed
    once. `compile` and `fit(x, x)` train all levels at once, before or after that or instead. Then `encoder` is the
    lower part of a model for the task. An addition to Keras's list.

    Args:
        encoder_layers: The levels f_1, ..., f_n: numbers of units, for `Dense` layers, or layers.
        decoder_layers: The way back, `decoder_layers[i]` from the results of `encoder_layers[i]` to its inputs. Needed
            where a level is no `Dense` layer. Defaults to None: layers as large as those of the encoder.
        activation: The activation of levels given as numbers. Defaults to "relu".
        output_activation: The activation of the reconstruction: "sigmoid" for inputs from 0 to 1. Defaults to None.
        tied: Whether the decoder uses the encoder's kernels, transposed (see `DenseTranspose`). Defaults to False.
        noise: Damage done to what a level is trained on, while the target is what it was before: a layer such as
            `Corruption`, `Dropout` or `GaussianNoise`, or the part of the elements to set to 0. Defaults to None.
        code_regularizer: Activity regularizer of levels given as numbers, such as `KLSparsity`. Defaults to None.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: `(batch, ..., features)`.
        training: Whether to damage the inputs. Defaults to the model's mode.

    Returns:
        When called: the reconstruction.

    Raises:
        ValueError: If there is no level, or the layers of encoder and decoder do not go together.

    Example:
    >>> import numpy as np
    >>> import oxhorn as keras
    >>> x = np.random.default_rng(0).random((64, 12)).astype("float32")
    >>> coder = keras.pretraining.StackedAutoencoder([8, 4], output_activation="sigmoid", tied=True, noise=0.1)
    >>> histories = coder.pretrain(x, epochs=2, verbose=0)
    >>> coder.reconstruct(x).shape
    (64, 12)
    >>> classifier = keras.Sequential([coder.encoder, keras.layers.Dense(3)])
    >>> classifier(x).shape
    (64, 3)

    Source: Y. Bengio et al., Greedy layer-wise training of deep networks, 2007; with noise, P. Vincent et al., Stacked
    denoising autoencoders, 2010 (https://jmlr.org/papers/v11/vincent10a.html).
    """

    def __init__(
        self,
        encoder_layers: Sequence[Any],
        decoder_layers: Sequence[Any] | None = None,
        activation: Any = "relu",
        output_activation: Any = None,
        tied: bool = False,
        noise: Any = None,
        code_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tied = arguments.boolean(tied, "tied", _WHO)
        self.activation = activations.get(activation)
        self.output_activation = activations.get(output_activation)
        self.code_regularizer = code_regularizer
        levels = [self._level(each) for each in _sequence(encoder_layers, "encoder_layers")]
        self.encoder = Sequential(levels, name="encoder")
        self.noise = _noise(noise)
        self.__dict__["_given"] = self._given_decoder(decoder_layers)
        self.decoder: Any = None

    def _level(self, given: Any) -> Layer:
        if isinstance(given, Layer):
            return given
        units = arguments.positive_integer(given, "encoder_layers", _WHO)
        return Dense(
            units,
            activation=self.activation,
            activity_regularizer=self.code_regularizer,
            dtype=self.dtype_policy,
        )

    def _given_decoder(self, layers: Any) -> list[Layer] | None:
        levels = self.encoder.layers
        if layers is None:
            other = [layer for layer in levels if not isinstance(layer, Dense)]
            if other:
                raise ValueError(
                    f"{_WHO}: expected `decoder_layers` where a level is no Dense layer; got none, and "
                    f"{[type(layer).__name__ for layer in other]} among `encoder_layers`. Give one layer for the way "
                    "back through each level."
                )
            return None
        if self.tied:
            raise ValueError(
                f"{_WHO}: expected either `tied` or `decoder_layers`; got both. A tied decoder is made of the "
                "encoder's kernels; for one of your own, use DenseTranspose in `decoder_layers`."
            )
        given = _sequence(layers, "decoder_layers")
        if len(given) != len(levels) or not all(isinstance(layer, Layer) for layer in given):
            raise ValueError(
                f"{_WHO}: expected `decoder_layers` to be one layer for each of the {len(levels)} levels; got "
                f"{given!r}."
            )
        return given

    @property
    def levels(self) -> list[tuple[Any, Any]]:
        """The layer that codes and the layer that decodes, level by level.

        Raises:
            ValueError: If the model is not built.
        """
        if self.decoder is None:
            raise ValueError(
                f"{_WHO} {self.name!r} is not built, so its decoder does not know the size of its output. Call it on "
                "data, or `build` it, first."
            )
        return list(zip(self.encoder.layers, reversed(self.decoder.layers), strict=True))

    def build(self, input_shape: Any) -> None:
        """Make the weights, and the decoder.

        Args:
            input_shape: The shape of the input, batch dimension included.
        """
        if not self.encoder.built:
            self.encoder.build(input_shape)
        back = self.__dict__["_given"] or self._decoder_layers()
        self.decoder = Sequential(list(reversed(back)), name="decoder")
        self.decoder.build(self.encoder.output_shape)
        made, wanted = self.decoder.output_shape, tuple(input_shape)
        if len(made) != len(wanted) or any(
            None not in pair and pair[0] != pair[1] for pair in zip(made[1:], wanted[1:], strict=True)
        ):
            raise ValueError(
                f"{_WHO} {self.name!r}: expected a reconstruction of the shape of the input, {wanted}; got {made}. "
                "`decoder_layers[i]` has to lead from the results of `encoder_layers[i]` to its inputs."
            )

    def _decoder_layers(self) -> list[Layer]:
        coders = self.encoder.layers
        # A level decodes to codes of the level below, or to the input.
        functions = [self.output_activation, *(coder.activation for coder in coders[:-1])]
        policy = self.dtype_policy
        if self.tied:
            return [DenseTranspose(f, g, dtype=policy) for f, g in zip(coders, functions, strict=True)]
        return [Dense(f.kernel.shape[0], g, dtype=policy) for f, g in zip(coders, functions, strict=True)]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The reconstruction."""
        if self.noise is not None:
            inputs = self.noise(inputs, training=training)
        return self.decoder(self.encoder(inputs, training=training), training=training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def pretrain(
        self,
        x: Any,
        epochs: int | Sequence[int] = 10,
        batch_size: int | None = None,
        optimizer: Any = "adam",
        loss: Any = "mse",
        code_loss: Any = "mse",
        validation_data: Any = None,
        callbacks: Any = None,
        verbose: int | str = "auto",
    ) -> list[Any]:
        """Train one level after the other, each on the codes of the trained level below.

        Args:
            x: The samples, an array.
            epochs: Epochs of each level: one number, or one for each level. Defaults to 10.
            batch_size: Samples in one update. Defaults to 32.
            optimizer: Name of an optimizer, or an `Optimizer`, of which each level gets a fresh copy. Defaults to
                "adam".
            loss: The loss of the first level, whose target is the input. Defaults to "mse".
            code_loss: The loss of the other levels, whose targets are codes. Defaults to "mse".
            validation_data: Samples for validation, an array.
            callbacks: List of `Callback`s, for each level anew.
            verbose: As in `fit`.

        Returns:
            The `History` of each level.

        Raises:
            ValueError: If the samples are no array, or an argument is out of range.
        """
        who = f"{_WHO}.pretrain"
        codes = array_of(x, who)
        held_out = None if validation_data is None else array_of(validation_data, who, "validation_data")
        if not self.built:
            self.build((None, *codes.shape[1:]))
        times = arguments.integers(epochs, len(self.levels), "epochs", who)
        histories = []
        for number, ((coder, decoder), count) in enumerate(zip(self.levels, times, strict=True)):
            stack = [Input(codes.shape[1:], dtype=self.compute_dtype), *([self.noise] if self.noise else [])]
            level = Sequential([*stack, coder, decoder])
            level.compile(fresh_optimizer(optimizer), loss=code_loss if number else loss)
            history = level.fit(
                codes,
                codes,
                batch_size=batch_size,
                epochs=count,
                validation_data=None if held_out is None else (held_out, held_out),
                callbacks=callbacks,
                verbose=verbose,
            )
            histories.append(history)
            if number + 1 < len(times):
                above = Sequential([stack[0], coder])
                codes = above.predict(codes, batch_size=batch_size, verbose=0)
                held_out = None if held_out is None else above.predict(held_out, batch_size, verbose=0)
        return histories

    def encode(self, x: Any, batch_size: int | None = None) -> Any:
        """The codes of samples, as a NumPy array.

        Args:
            x: The samples, as in `predict`.
            batch_size: Samples in a batch. Defaults to 32.
        """
        return self.encoder.predict(x, batch_size=batch_size, verbose=0)

    def reconstruct(self, x: Any, batch_size: int | None = None) -> Any:
        """What the codes of samples tell of them, as a NumPy array of the shape of `x`.

        Args:
            x: The samples, as in `predict`.
            batch_size: Samples in a batch. Defaults to 32.
        """
        return self.predict(x, batch_size=batch_size, verbose=0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the levels as layers."""
        from oxhorn.saving import serialize_keras_object

        return {
            **super().get_config(),
            "encoder_layers": serialize_keras_object(list(self.encoder.layers)),
            "decoder_layers": serialize_keras_object(self.__dict__["_given"]),
            "activation": activations.serialize(self.activation),
            "output_activation": activations.serialize(self.output_activation),
            "tied": self.tied,
            "noise": serialize_keras_object(self.noise),
            "code_regularizer": serialize_keras_object(self.code_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """The model that `get_config` describes, with fresh weights."""
        from oxhorn.saving import deserialize_keras_object

        objects = ("encoder_layers", "decoder_layers", "noise", "code_regularizer")
        given = {key: value for key, value in config.items() if key in objects}
        return cls(**{**config, **deserialize_keras_object(given, custom_objects=custom_objects)})


def _sequence(value: Any, name: str) -> list[Any]:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(
            f"{_WHO}: expected `{name}` to be a list with one entry for each level. Received: {name}="
            f"{arguments.describe(value)}. Pass one such as [128, 32]."
        )
    return list(value)


def _noise(value: Any) -> Any:
    if value is None or isinstance(value, Layer):
        return value
    try:
        return Corruption("masking", arguments.probability(value, "noise", _WHO))
    except ValueError:
        raise ValueError(
            f"{_WHO}: expected `noise` to be a layer, a number from 0 to 1, or None. Received: noise="
            f"{arguments.describe(value)}. Pass one such as 0.2."
        ) from None
