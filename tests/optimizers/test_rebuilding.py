"""Optimizers that go on with other variables: what they keep, and what they cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras

optimizers = keras.optimizers
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(16, 1)).astype("float32")

# The base, wrappers (below), what takes all weights together, and what takes tables of embeddings only.
APART = ("LBFGS", "LossScaleOptimizer", "MultiOptimizer", "Optimizer", "SparseAdam")
EVERY = sorted(
    name
    for name in optimizers.__all__
    if isinstance(getattr(optimizers, name), type)
    and issubclass(getattr(optimizers, name), optimizers.Optimizer)
    and name not in APART
)


def variables(rng: np.random.Generator) -> list[Any]:
    shapes = {"a": (3, 2), "b": (4, 3), "c": (2,)}
    return [
        keras.Variable(rng.normal(size=shape), dtype="float64", name=name) for name, shape in shapes.items()
    ]


def test_the_list_of_optimizers() -> None:
    assert len(EVERY) >= 15


@pytest.mark.parametrize("around", [{}, {"use_ema": True}, {"gradient_accumulation_steps": 2}], ids=str)
@pytest.mark.parametrize("name", EVERY)
def test_what_it_keeps(name: str, around: dict[str, Any]) -> None:
    """The variable that was there before goes on as if nothing had happened."""
    kind = getattr(optimizers, name)
    b, alone = (variables(np.random.default_rng(0))[1] for _ in range(2))
    a, _, c = variables(np.random.default_rng(1))
    rng = np.random.default_rng(2)
    one, other = kind(0.01, **around), kind(0.01, **around)
    gradients = [rng.normal(size=(4, 3)) for _ in range(8)]
    for gradient in gradients[:4]:
        one.apply([gradient], [b])
        other.apply([gradient], [alone])
    other.rebuild([a, alone, c])
    assert int(other.iterations) == int(one.iterations)
    fresh = kind(0.01, **around)
    fresh.build([a, alone, c])
    assert [(v.name, v.shape) for v in other.variables] == [(v.name, v.shape) for v in fresh.variables]
    for gradient in gradients[4:]:
        one.apply([gradient], [b])
        other.apply([rng.normal(size=(3, 2)), gradient, rng.normal(size=(2,))], [a, alone, c])
    np.testing.assert_array_equal(b.numpy(), alone.numpy())
    other.rebuild([alone])
    assert [v.shape for v in other.variables] == [v.shape for v in one.variables]
    for mine, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_averages_begin_at_the_value() -> None:
    a, b = keras.Variable([5.0]), keras.Variable([1.0])
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    optimizer.apply([[1.0]], [b])
    optimizer.rebuild([a, b])
    optimizer.apply([[1.0], [1.0]])
    optimizer.finalize_variable_values([a, b])
    assert float(a[0]) == 4.5


def test_wrappers() -> None:
    a, b, c = variables(np.random.default_rng(0))
    scaled = optimizers.LossScaleOptimizer(optimizers.SGD(0.5, momentum=0.5))
    scaled.apply([np.full((4, 3), 2.0**15)], [b])
    scaled.rebuild([a, b])
    assert int(scaled.step_counter) == 1
    before = a.numpy()
    scaled.apply([np.full((3, 2), 2.0**15), np.full((4, 3), 2.0**15)])
    np.testing.assert_allclose(before - a.numpy(), 0.5, rtol=1e-6)
    low, high = optimizers.SGD(0.5), optimizers.Adam(0.1)
    chosen = optimizers.MultiOptimizer(lambda variable: high if variable.name == "c" else low)
    chosen.apply([np.ones((4, 3))], [b])
    chosen.rebuild([a, b, c])
    chosen.apply([np.ones((3, 2)), np.ones((4, 3)), np.ones((2,))])
    assert int(low.iterations) == 2 and int(high.iterations) == 1


def test_factors_of_learning_rates_go_on() -> None:
    a, b = keras.Variable([0.0], name="a"), keras.Variable([0.0], name="b")
    optimizer = optimizers.SGD(1.0, learning_rate_multipliers={"b": 0.5, ".": 0.25})
    optimizer.apply([[1.0]], [b])
    optimizer.set_learning_rate_multipliers({"b": 0.5})
    optimizer.rebuild([a, b])
    optimizer.apply([[1.0], [1.0]])
    assert (float(a[0]), float(b[0])) == (-1.0, -0.75)


class Listed(optimizers.Optimizer):
    """Begins its list where `build` does not begin it again."""

    def __init__(self) -> None:
        super().__init__(0.1)
        self.slots: list[Any] = []

    def build(self, variables: Any) -> None:
        if not self.built:
            super().build(variables)
            self.slots.extend(self.add_variable_from_reference(v, "slot") for v in variables)


class Sized(optimizers.Optimizer):
    """Has one variable for the sizes of all."""

    def build(self, variables: Any) -> None:
        if not self.built:
            super().build(variables)
            self.sizes = self.add_variable((len(variables),), name="sizes")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        variable.assign(variable - learning_rate * gradient)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: optimizers.LBFGS(), "LBFGS remembers steps of all weights together"),
        (Listed, "Listed keeps .*slot.* not replaced when `build` runs again.*new optimizer"),
        (lambda: Sized(0.1), r"Sized keeps .*sizes' of shape \(1,\), which does not belong to one"),
    ],
    ids=["LBFGS", "Listed", "Sized"],
)
def test_what_cannot_be_told_apart(make: Any, match: str) -> None:
    a, b = keras.Variable([1.0]), keras.Variable([2.0])
    optimizer = make()
    optimizer.build([b])
    before = [v.numpy().tolist() for v in optimizer.variables]
    with pytest.raises(ValueError, match=match):
        optimizer.rebuild([a, b])
    assert [v.numpy().tolist() for v in optimizer.variables] == before
    assert optimizer.built
    optimizer._check_variables_are_known([b])
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer._check_variables_are_known([a])


def test_all_or_nothing_of_several() -> None:
    a, b, c = (keras.Variable([1.0], name=name) for name in "abc")
    low, high, odd = optimizers.SGD(0.5, momentum=0.5), optimizers.Adam(0.1), Sized(0.1)
    chosen = optimizers.MultiOptimizer(lambda v: {"a": low, "c": high}.get(v.name, odd))
    scaled = optimizers.LossScaleOptimizer(chosen)
    scaled.apply([[1.0], [1.0]], [a, b])
    before = [v.numpy().tolist() for v in scaled.variables]
    with pytest.raises(ValueError, match=r"Sized keeps .*sizes'"):
        scaled.rebuild([c, b, keras.Variable([3.0], name="d")])
    assert [v.numpy().tolist() for v in scaled.variables] == before
    assert len(chosen.optimizers) == 2
    scaled.apply([[1.0], [1.0]], [a, b])


def test_one_of_several_that_has_nothing_to_do() -> None:
    a, b = keras.Variable([1.0], name="a"), keras.Variable([1.0], name="b")
    low, high = optimizers.SGD(0.5, momentum=0.5), optimizers.Adam(0.1)
    chosen = optimizers.MultiOptimizer(lambda v: low if v.name == "a" else high)
    chosen.apply([[1.0], [1.0]], [a, b])
    chosen.rebuild([b])
    chosen.apply([[1.0]])
    # What it kept for `a` is dropped; its count and its learning rate are left.
    assert [v.shape for v in low.variables] == [(), ()]
    chosen.rebuild([a, b])
    before = float(a[0])
    chosen.apply([[1.0], [1.0]])
    assert before - float(a[0]) == 0.5
    assert (int(low.iterations), int(high.iterations)) == (2, 3)


def test_wrong_variables() -> None:
    a = keras.Variable([1.0])
    optimizer = optimizers.Adam()
    optimizer.build([a])
    with pytest.raises(ValueError, match="each variable once"):
        optimizer.rebuild([a, a])
    with pytest.raises(TypeError, match=r"Adam\.rebuild: expected a list of trainable variables"):
        optimizer.rebuild(a)
    optimizer.apply([[1.0]])
