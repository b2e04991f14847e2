"""A container of named settings."""

from __future__ import annotations

import difflib
import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any


class Config:
    """Named values, as attributes and as entries; may be frozen, and written as JSON.

    Args:
        **kwargs: The values to begin with.

    Raises:
        ValueError: When a frozen container is changed.
        AttributeError: When a name is read that is not there.

    Example:
        >>> import oxhorn as keras
        >>> config = keras.utils.Config(learning_rate=0.1)
        >>> config.epochs = 3
        >>> config["epochs"], config.to_json()
        (3, '{"learning_rate": 0.1, "epochs": 3}')
        >>> config.freeze()
        >>> config.epochs = 4
        Traceback (most recent call last):
        ValueError: Config: cannot change 'epochs': the config is frozen. Call unfreeze() first.

    Source: Keras 3.
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_config", dict(kwargs))
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Allow changes again."""
        object.__setattr__(self, "_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """The values in a dict of its own."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._config.keys()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._config.values()

    def items(self) -> ItemsView[str, Any]:
        """Pairs of name and value."""
        return self._config.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """The value of a name, or `value` where there is none."""
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Takes a name out and returns its value; arguments as those of a dict's `pop`."""
        self._check_not_frozen(args[0] if args else None)
        return self._config.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values; arguments as those of a dict's `update`."""
        self._check_not_frozen(None)
        self._config.update(*args, **kwargs)

    def _check_not_frozen(self, name: str | None) -> None:
        if self._frozen:
            what = "" if name is None else f" {name!r}"
            raise ValueError(f"Config: cannot change{what}: the config is frozen. Call unfreeze() first.")

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(
                f"Config: {name!r} is a method of Config. Use config[{name!r}] = ... instead."
            )
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in (
            "_config",
            "_frozen",
        ):  # asked for while it is copied or unpickled
            raise AttributeError(name)
        if name in self._config:
            return self._config[name]
        close = difflib.get_close_matches(name, self._config, n=1, cutoff=0.7)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AttributeError(f"Unknown attribute: {name!r}.{hint}")

    def __getstate__(self) -> dict[str, Any]:
        return {"config": self._config, "frozen": self._frozen}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "_config", state["config"])
        object.__setattr__(self, "_frozen", state["frozen"])

    def __setitem__(self, key: str, item: Any) -> None:
        self._check_not_frozen(key)
        self._config[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __delitem__(self, key: str) -> None:
        self._check_not_frozen(key)
        del self._config[key]

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
