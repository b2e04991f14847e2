"""`CoreLayer`: a layer whose mathematics is in the core; the Python class is its signature and its config."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from oxhorn import _core, tree
from oxhorn.layers.layer import Layer


class CoreLayer(Layer):
    """A layer that is computed by `_core.LayerCore`, made from the layer's own config.

    Subclasses define `__init__` (which stores the arguments as attributes of the same names) and
    `get_config`. `build` makes the weights that the core asks for: `self.kernel` from
    `self.kernel_initializer`, `self.kernel_regularizer` and `self.kernel_constraint`. A layer that needs
    random numbers has a `seed_generator`.
    """

    # Layers without weights are built from the start and keep no build shapes.
    build_at_init: ClassVar[bool] = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__dict__["_layer_core"] = None
        self.__dict__["_core_variables"] = []
        if type(self).build_at_init and type(self).build is CoreLayer.build:
            self.built = True

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        # The core is made from the config: a changed argument makes it stale.
        if not name.startswith("_") and name != "built":
            self.__dict__["_layer_core"] = None

    @classmethod
    def _builtin_class(cls) -> type[CoreLayer]:
        """The built-in class that this class is or derives from."""
        known = set(_core.layer_names())
        for base in cls.__mro__:
            if base.__name__ in known and base.__module__.split(".")[0] == __name__.split(".")[0]:
                return base
        raise NotImplementedError(f"{cls.__name__} is not a layer of the core; the core has {sorted(known)}.")

    def core_config(self) -> dict[str, Any]:
        """The config that the core gets: that of the built-in class, with names for activations it knows."""
        from oxhorn.saving.serialization import leaving_out

        with leaving_out():
            config = self._builtin_class().get_config(self)
        for name in ("activation", "recurrent_activation"):
            if name in config and (config[name] is None or self._python_activation(name) is not None):
                config[name] = "linear"
        return config

    def _python_activation(self, attribute: str = "activation") -> Any:
        """The user's own activation function, or `None` if the core knows it."""
        function = getattr(self, attribute, None)
        if not callable(function):
            return None
        from oxhorn.activations.lookup import core_name

        return None if core_name(function) is not None else function

    @property
    def core(self) -> _core.LayerCore:
        """The layer in the core, made anew when an argument was changed."""
        return self._core_and_activation()[0]

    def _core_and_activation(self) -> tuple[_core.LayerCore, Any]:
        """The layer in the core, and the user's own activation that follows it; kept until an argument changes."""
        known: tuple[_core.LayerCore, Any] | None = self.__dict__["_layer_core"]
        if known is None:
            core = _core.LayerCore(self._builtin_class().__name__, json.dumps(self.core_config()))
            known = self.__dict__["_layer_core"] = (core, self._python_activation())
        return known

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights that the core asks for."""
        specs = self.core.weights([] if input_shape is None else tree.flatten_shapes(input_shape))
        variables = []
        for name, shape, trainable, initializer in specs:
            stem = initializer.removesuffix("_initializer")
            variable = self.add_weight(
                shape=shape,
                initializer=getattr(self, initializer),
                trainable=trainable,
                regularizer=getattr(self, f"{stem}_regularizer", None),
                constraint=getattr(self, f"{stem}_constraint", None),
                name=name,
            )
            setattr(self, name, variable)
            variables.append(name)
        self.__dict__["_core_variables"] = variables

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Computes in the core."""
        tensors = [inputs] if type(inputs) is _core.Tensor else tree.flatten(inputs)
        masks = tree.flatten(mask) if mask is not None else []
        generator = getattr(self, "seed_generator", None)
        key = generator.next() if training and generator is not None else None
        core, function = self._core_and_activation()
        outputs = core.call(
            tensors,
            [getattr(self, name) for name in self.__dict__["_core_variables"]],
            bool(training),
            key,
            masks if len(masks) == len(tensors) else [None] * len(tensors),
        )
        if function is not None:
            outputs = [function(output) for output in outputs]
        return outputs[0] if len(outputs) == 1 else outputs
