"""The state of a model into a weights file and back: all of it or nothing.

What is in the file is compared with the model first, then read, and assigned last. Objects with a
`load_own_variables` of their own are called before that, and put back as they were if anything else fails.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable
from typing import Any

from oxhorn.engine.layer_state import LayerState
from oxhorn.saving.assets import ReadAssets
from oxhorn.saving.saveables import attributes, entries, is_saveable, joined, walk
from oxhorn.saving.stores import Reading, ReadStore, Writing

MAX_SHOWN = 20


def save_state(model: Any, weights: Writing | None, assets: Any = None, skip: Collection[Any] = ()) -> None:
    """Writes the variables of every part of `model`, and the assets of those that have some.

    Args:
        model: The model.
        weights: Where variables go.
        assets: Where assets go; none are written without it.
        skip: Parts that are left out.
    """
    for path, one in walk(model, skip):
        if weights is not None and hasattr(one, "save_own_variables"):
            name = getattr(one, "name", None)
            one.save_own_variables(weights.store(path, name if isinstance(name, str) else None))
        if assets is not None and hasattr(one, "save_assets"):
            one.save_assets(assets.folder(path))


def load_state(
    model: Any,
    weights: Reading,
    assets: ReadAssets | None = None,
    skip_mismatch: bool = False,
    skip: Iterable[Any] = (),
    who: str = "load_weights",
) -> None:
    """Gives every part of `model` the variables (and assets) that the file has for it.

    Args:
        model: The model.
        weights: The file.
        assets: Its assets; they are left alone without it.
        skip_mismatch: Leaves parts alone that the file lacks or has in another shape, with a warning.
        skip: Parts that are left alone.
        who: What error messages begin with.

    Raises:
        ValueError: If the file is damaged, or does not hold exactly the variables of the model: nothing is changed.
    """
    plan = _Plan(weights, assets, {id(one) for one in skip})
    try:
        plan.visit(model, "")
        problems = plan.problems(model)
        if problems and not skip_mismatch:
            raise ValueError(_message(who, weights.label, model, problems))
        values = [
            (variable, dataset.read(tuple(variable.shape), str(variable.dtype)))
            for pairs in plan.pairs.values()
            for variable, dataset in pairs
        ]
    except BaseException:
        plan.undo()
        raise
    if problems:
        warnings.warn(_message(who, weights.label, model, problems, skipped=True), stacklevel=5)
    for message in plan.all_warnings():
        warnings.warn(message, stacklevel=5)
    for variable, value in values:
        variable.assign(value)


def _message(who: str, label: str, model: Any, problems: list[str], skipped: bool = False) -> str:
    shown = "\n".join(f"  - {problem}" for problem in problems[:MAX_SHOWN])
    more = len(problems) - MAX_SHOWN
    rest = f"\n  ... and {more} more" if more > 0 else ""
    if skipped:
        return f"{who} skipped what does not fit: {len(problems)} objects could not be loaded:\n{shown}{rest}"
    return (
        f"{who}: {label!r} does not have the weights of model {model.name!r}; nothing was changed. A total of "
        f"{len(problems)} objects could not be loaded:\n{shown}{rest}\nPass skip_mismatch=True to `load_weights` to "
        "take what fits."
    )


class _Plan:
    """Which variable gets which array, found by the walk of saving."""

    def __init__(self, weights: Reading, assets: ReadAssets | None, visited: set[int]) -> None:
        self.weights = weights
        self.assets = assets
        self.pairs: dict[int, list[tuple[Any, Any]]] = {}
        self._old: dict[str, int] = {}
        self.warnings: list[str] = []
        self._skipped = frozenset(visited)
        self._visited = visited
        self._active: set[int] = set()
        self._failed: dict[int, str] = {}
        self._used: set[str] = set()
        self._undo: list[Callable[[], None]] = []

    def undo(self) -> None:
        """Puts back what hooks have changed."""
        for restore in reversed(self._undo):
            restore()

    def problems(self, model: Any) -> list[str]:
        """What could not be loaded, and what the file has that the model does not."""
        groups = {path.rsplit("/", 1)[0] + "/" if "/" in path else "" for path in self.weights.all_paths()}
        # The state of an optimizer stays in the file if the model has none, or another one.
        fine = ("optimizer/", *self._used)
        left = sorted(group for group in groups if not group.startswith(fine))
        return [*self._failed.values(), *(f"not in the model: {group.rstrip('/')[:200]!r}" for group in left)]

    def all_warnings(self) -> list[str]:
        """What is to be told when all went well."""
        lost = {nested for nested, number in self._old.items() if number not in self._visited}
        return [*self.warnings, *(_without_container(nested) for nested in sorted(lost))]

    def visit(self, one: Any, path: str) -> None:
        """As saving does, but an object that failed in one place is looked for in the next that leads to it."""
        number = id(one)
        if number in self._skipped:
            self._used.add(f"{path}/")
        if number in self._visited or number in self._active:
            return
        problem = self._take(one, path)
        if problem is not None:
            self._failed[number] = problem
        before = len(self._failed)
        self._active.add(number)
        for name, value in attributes(one):
            place = joined(path, name)
            if is_saveable(value):
                self.visit(value, place)
            else:
                for entry_path, entry in entries(value, place):
                    self._visit_entry(entry, entry_path, place)
        self._active.discard(number)
        if problem is None:
            if len(self._failed) <= before:
                self._visited.add(number)
            self._failed.pop(number, None)

    def _visit_entry(self, one: Any, path: str, container: str) -> None:
        nested = path.rsplit("/", 1)[0]
        if nested == container or self._is_there(nested) or id(one) in self._visited:
            self.visit(one, path)
            return
        # Files of older versions of Keras lack what lies in containers inside containers.
        before = dict(self._failed)
        self.visit(one, path)
        if self._failed != before:
            self._failed = before
            self._old[nested] = id(one)

    def _is_there(self, path: str) -> bool:
        return self.weights.has_path(path) or (self.assets is not None and self.assets.has_path(path))

    def _take(self, one: Any, path: str) -> str | None:
        """Plans or calls what loads one object; returns why it cannot be loaded."""
        who = f"<{type(one).__name__} {getattr(one, 'name', '')!r}> at {path or '/'!r}"
        try:
            if hasattr(one, "load_own_variables"):
                self._take_variables(one, self.weights.store(path))
            if self.assets is not None and hasattr(one, "load_assets"):
                self._remember(one)
                with self.assets.folder(path) as folder:
                    one.load_assets(folder)
        except Exception as error:  # A hook of a user's own may raise anything.
            return f"{who}: {error if isinstance(error, ValueError) else f'{type(error).__name__}: {error}'}"
        return None

    def _take_variables(self, one: Any, store: ReadStore) -> None:
        from oxhorn.optimizers.optimizer_variables import OptimizerVariables

        load = type(one).load_own_variables
        place = f"{store.path}/vars/" if store.path else "vars/"
        if load is OptimizerVariables.load_own_variables:
            own = one.variables
            if len(own) != len(store):
                self.warnings.append(_other_optimizer(one, len(own), len(store)))
                self._used.add(place)
                return
        elif load is LayerState.load_own_variables:
            own = one._own_variables()
        else:
            self._remember(one)
            one.load_own_variables(store)
            self._used.add(place)
            return
        self.pairs[id(one)] = _matched(one, own, store)
        self._used.add(place)

    def _remember(self, one: Any) -> None:
        variables = [(variable, variable.numpy()) for variable in getattr(one, "variables", ())]
        extra = one._extra_state() if hasattr(one, "_extra_state") else None

        def restore() -> None:
            for variable, value in variables:
                variable.assign(value)
            if extra is not None:
                one._set_extra_state(extra)

        self._undo.append(restore)


def _matched(one: Any, own: list[Any], store: ReadStore) -> list[tuple[Any, Any]]:
    if len(own) != len(store):
        built = (
            ""
            if one.built
            else (
                " The layer was never built: define `build` so that it builds the layers inside too, or "
                "`get_build_config` and `build_from_config`."
            )
        )
        raise ValueError(
            f"Layer {one.name!r} expected {len(own)} variables, {[v.name for v in own]}, but received {len(store)} "
            f"variables during loading.{built}"
        )
    pairs = []
    for i, variable in enumerate(own):
        if str(i) not in store:
            raise ValueError(
                f"expected an array {str(i)!r} for {variable.path!r}; there are {list(store)[:10]}"
            )
        dataset = store.dataset(str(i))
        problem = dataset.problem(tuple(variable.shape), str(variable.dtype))
        if problem is not None:
            raise ValueError(f"{variable.path!r} {problem}; shape and kind must match")
        pairs.append((variable, dataset))
    return pairs


def _other_optimizer(optimizer: Any, own: int, stored: int) -> str:
    return (
        f"Skipping variable loading for optimizer {optimizer.name!r}, because it has {own} variables whereas the saved "
        f"optimizer has {stored} variables."
        + (
            ""
            if optimizer.built
            else " It is not built yet: `fit` or `optimizer.build(model.trainable_variables)` do that."
        )
    )


def _without_container(path: str) -> str:
    return (
        f"Skipping nested container at {path!r}: the file has no group of this name, as files of versions of Keras "
        "that did not look into containers inside containers. Its layers keep their first weights."
    )
