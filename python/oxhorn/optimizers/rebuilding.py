"""An optimizer that goes on with other variables: layers were frozen, or are trained from now on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from oxhorn import _core, tree
from oxhorn.engine.tracing import state_changed
from oxhorn.optimizers.optimizer_variables import check_variables


class Rebuilding:
    """What an optimizer does when the variables that it serves change."""

    # By the identity of a slot: the variable that it is for, and what it holds.
    _slot_owners: dict[int, tuple[Any, str]]

    if TYPE_CHECKING:
        # What `Optimizer` brings.
        built: bool
        _variables: list[Any]
        _trainable_variables: list[Any]
        _made_before_build: list[Any]
        _rate_factors: list[float]
        _model_variables_moving_average: list[Any]

        def build(self, variables: Sequence[Any]) -> None: ...

    def rebuild(self, variables: Sequence[Any]) -> None:
        """Serves these variables from now on.

        What is kept for variables that the optimizer knows (momenta, averages), its count of updates and its learning
        rate stay; variables that are new start as they do in `build`, and what was kept for others is dropped. Keras
        asks for `compile` with a new optimizer instead, which starts everything afresh. Note that rules which correct
        for a first step, as Adam's does, count the optimizer's updates, not those of a variable.

        Args:
            variables: All the variables that gradients will come for, such as `model.trainable_variables`.

        Raises:
            ValueError: If a variable is given twice, or the optimizer keeps something that cannot be told apart by
                variables: nothing is changed then.

        Example:
        >>> import oxhorn as keras
        >>> top, below = keras.Variable([1.0], name="top"), keras.Variable([1.0], name="below")
        >>> optimizer = keras.optimizers.SGD(0.5, momentum=0.5)
        >>> optimizer.apply([[1.0]], [top])
        >>> optimizer.rebuild([below, top])
        >>> optimizer.apply([[1.0], [1.0]])
        >>> float(below[0]), float(top[0])
        (0.5, -0.25)

        An addition to Keras's interface.
        """
        if not self.built:
            self.build(variables)
            return
        variables = check_variables(variables, f"{type(self).__name__}.rebuild")
        if [id(v) for v in variables] == [id(v) for v in self._trainable_variables]:
            return
        before = [(each, dict(each.__dict__)) for each in self._with_inner()]
        try:
            self._build_anew(variables)
        except BaseException:
            for each, attributes in before:
                each.__dict__.clear()
                each.__dict__.update(attributes)
            raise
        finally:
            state_changed()

    def _with_inner(self) -> list[Any]:
        """The optimizer, and those inside it."""
        return [self]

    def _build_anew(self, variables: list[Any]) -> None:
        """`build` once more, then the old values in the new slots."""
        old = _slots_of(self)
        known = {id(v) for v in self._trainable_variables}
        self._variables = list(self._made_before_build)
        self._slot_owners = {}
        self._rate_factors = []
        self.built = False
        self._forget_core()
        self.build(variables)
        self._check_nothing_is_left(old)
        new = _slots_of(self)
        for key, slot in old.items():
            owner = key[0]
            target = new.get(key)
            if target is None and owner is None:
                raise _cannot(self, slot)
            if target is not None:
                if tuple(target.shape) != tuple(slot.shape):
                    raise _cannot(self, slot)
                target.assign(slot)
        for key, slot in new.items():
            if key[0] is None and key not in old:
                raise _cannot(self, slot)
        # An average that starts in the middle of training starts at the value, not at zero.
        for variable, average in zip(variables, self._model_variables_moving_average, strict=False):
            if average is not None and id(variable) not in known:
                average.assign(variable)

    def _forget_core(self) -> None:
        """Lets go of the core's side, which knows the old slots; nothing to do for a rule in Python."""

    def _check_nothing_is_left(self, old: dict[Any, Any]) -> None:
        left = {id(slot): slot for slot in old.values()}
        held = (value for name, value in self.__dict__.items() if name != "_variables")
        for leaf in tree.flatten([value for value in held if isinstance(value, (list, tuple, dict))]):
            if isinstance(leaf, _core.Variable) and id(leaf) in left:
                raise _cannot(self, leaf)


def _slots_of(optimizer: Any) -> dict[tuple[int | None, str, int], Any]:
    """What `build` made: by variable, by what it holds, and by number where several hold the same."""
    first = {id(variable) for variable in optimizer._made_before_build}
    found: dict[tuple[int | None, str, int], Any] = {}
    for slot in optimizer._variables:
        if id(slot) in first:
            continue
        owner = optimizer._slot_owners.get(id(slot))
        key = (None, str(slot.path)) if owner is None else (id(owner[0]), owner[1])
        count = 0
        while (*key, count) in found:
            count += 1
        found[(*key, count)] = slot
    return found


def _cannot(optimizer: Any, slot: Any) -> ValueError:
    kind = type(optimizer).__name__
    return ValueError(
        f"{kind}.rebuild: {kind} keeps {slot.path!r} of shape {tuple(slot.shape)}, which does not belong to one of the "
        "variables, or is not replaced when `build` runs again, so it cannot go on with other variables. Compile with "
        "a new optimizer; in an optimizer of your own, make slots in `build`, with `add_variable_from_reference`."
    )
