"""What goes wrong in people's own code: each mistake is named, errors arrive unchanged, and the model stays usable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops

L = keras.layers
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X[:, :1]


class Own(L.Layer):
    """A layer whose call is a function given to it."""

    def __init__(self, function: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def call(self, x: Any, training: bool = False) -> Any:
        return self.function(x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def network(function: Any = lambda x: x, **options: Any) -> Any:
    model = keras.Sequential([L.Dense(4), Own(function), L.Dense(1)])
    model.compile("sgd", "mse", **options)
    return model


def works(model: Any) -> None:
    """The model still trains, evaluates and predicts, with finite numbers."""
    history = model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert np.isfinite(model.evaluate(X, Y, verbose=0))
    assert np.isfinite(model.predict(X, verbose=0)).all()


READING = {
    "if": lambda x: x if ops.sum(x) > 0 else -x,
    "float": lambda x: x * float(ops.max(x)),
    "int": lambda x: x * int(ops.max(x)),
    "item": lambda x: x * ops.max(x).item(),
    "numpy": lambda x: x + x.numpy(),
    "NumPy function": lambda x: x + np.tanh(np.asarray(x)),
    "while": lambda x: _halve(x),
    "for over the batch": lambda x: ops.stack([row * 2.0 for row in x]),
}


def _halve(x: Any) -> Any:
    while ops.max(x) > 1.0:
        x = x / 2.0
    return x


@pytest.mark.parametrize("what", READING)
def test_reading_a_value_that_is_not_there_yet(what: str) -> None:
    model = network(READING[what])
    with pytest.raises((TypeError, ValueError, RuntimeError)) as error:
        model.fit(X, Y, verbose=0)
    text = str(error.value)
    assert "trace" in text or "symbolic" in text
    assert "run_eagerly" in text or "ops." in text
    eager = network(READING[what], run_eagerly=True)
    eager.fit(X, Y, batch_size=4, verbose=0)


@pytest.mark.parametrize(
    "make", [lambda x: np.asarray(x), lambda x: float(x), lambda x: bool(x), lambda x: np.exp(x)]
)
def test_reading_an_input_of_a_model(make: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="symbolic"):
        make(keras.Input((3,)))


def test_weights_are_not_made_in_calls() -> None:
    class Late(L.Layer):
        def call(self, x: Any) -> Any:
            self.w = self.add_weight(shape=(3,))
            return x * self.w

    for use in (lambda: Late()(X), lambda: Late()(keras.Input((3,)))):
        with pytest.raises(ValueError, match=r"cannot add new elements of state.*`__init__` or `build`"):
            use()


def test_variables_changed_inside_a_traced_call() -> None:
    class Counting(L.Layer):
        def build(self, input_shape: Any) -> None:
            self.count = self.add_weight(initializer="zeros", trainable=False)

        def call(self, x: Any) -> Any:
            self.count.assign_add(1.0)
            return x + 0.0 * self.count

    layer = Counting()
    x = keras.Input((3,))
    model = keras.Model(x, L.Dense(1)(layer(x)))
    model.compile("sgd", "mse")
    assert float(layer.count) == 0.0  # a symbolic call changes nothing
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert float(layer.count) == 8.0

    class Wrong(Counting):
        def call(self, x: Any) -> Any:
            self.count.assign(ops.sum(x, axis=0))
            return x

    with pytest.raises(ValueError, match=r"variable 'variable[_0-9]*'.*shape \(\).*\(3,\)"):
        Wrong()(X)
    kept: list[Any] = []
    model = network(lambda x: kept.append(x) or x)
    model.fit(X, Y, verbose=0)
    with pytest.raises((TypeError, RuntimeError, ValueError), match=r"trace|symbolic"):
        keras.Variable(np.zeros((16, 4))).assign(kept[-1])
    works(model)


def test_layers_called_before_their_weights_can_be_made() -> None:
    with pytest.raises(ValueError, match=r"Dense.*(None|last axis|known)"):
        L.Dense(3)(keras.Input((None,)))
    layer = L.Dense(3)
    with pytest.raises(ValueError, match="not built"):
        layer.set_weights([np.zeros((3, 3)), np.zeros(3)])
    with pytest.raises(ValueError, match="not built"):
        layer.count_params()
    with pytest.raises(ValueError, match="shape of the input"):
        keras.Sequential([L.Dense(1)]).build()

    class Forgets(L.Layer):
        def __init__(self) -> None:
            self.dense = L.Dense(1)

    with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
        Forgets()(X)

    class NoCall(L.Layer):
        pass

    with pytest.raises(NotImplementedError, match="does not have a `call` method"):
        NoCall()(X)

    class Needs(L.Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=input_shape[1:])

        def call(self, x: Any) -> Any:
            return x * self.w

    with pytest.raises(ValueError, match="every size must be known"):
        Needs()(keras.Input((None, 3)))


def test_signatures_that_do_not_fit() -> None:
    class Two(L.Layer):
        def build(self, a_shape: Any, units: Any) -> None:
            pass

        def call(self, a: Any, b: Any) -> Any:
            return a + b

    with pytest.raises(ValueError, match=r"argument `units`, which does not end in `_shape`"):
        Two()(X, X)
    with pytest.raises(TypeError, match=r"cannot be called like this: .*'b'"):
        L.Add.__mro__ and Two()(X)
    with pytest.raises(ValueError, match="Only input tensors may be passed as positional"):
        Own(lambda x: x)(X, "train")
    with pytest.raises(ValueError, match=r"unknown keyword arguments.*\['unit'\]"):
        Own(lambda x: x, unit=3)
    with pytest.raises(ValueError, match="to be a boolean"):
        L.Dense(1, trainable="yes")


HOOKS = [
    "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin",
    "on_test_batch_begin", "on_test_batch_end", "on_test_end", "on_epoch_end", "on_train_end",
]  # fmt: skip


@pytest.mark.parametrize("hook", HOOKS)
def test_a_callback_that_raises(hook: str) -> None:
    class Stop(Exception):
        pass

    problem = Stop("enough")

    class Raises(keras.callbacks.Callback):
        pass

    def raising(self: Any, *args: Any, **kwargs: Any) -> None:
        raise problem

    setattr(Raises, hook, raising)
    model = network()
    with pytest.raises(Stop) as error:
        model.fit(X, Y, batch_size=4, verbose=0, validation_data=(X, Y), callbacks=[Raises()])
    assert error.value is problem
    works(model)


class _Mine(Exception):
    pass


@pytest.mark.parametrize("eagerly", [False, True])
def test_an_exception_in_a_call_in_the_middle_of_an_epoch(eagerly: bool) -> None:
    problem, calls = _Mine("third time"), []

    def function(x: Any) -> Any:
        calls.append(1)
        if armed and len(calls) >= armed[0]:
            raise problem
        return x

    armed: list[int] = []
    model = network(function, run_eagerly=eagerly)
    model.fit(X, Y, batch_size=4, verbose=0)
    before = model.get_weights()
    calls.clear()
    armed.append(3 if eagerly else 1)
    if not eagerly:
        model.compile("sgd", "mse")
    with pytest.raises(_Mine) as error:
        model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    assert error.value is problem
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert any(changed) is eagerly  # two batches were learnt from; a trace learns from none
    armed.clear()
    works(model)
    model(X, training=True)


def test_an_exception_in_a_generator_or_step() -> None:
    problem = _Mine("no more")

    def batches() -> Any:
        yield X[:4], Y[:4]
        yield X[4:8], Y[4:8]
        raise problem

    model = network()
    with pytest.raises(_Mine) as error:
        model.fit(batches(), verbose=0)
    assert error.value is problem
    works(model)

    class Steps(keras.Sequential):
        fail = True

        def train_step(self, data: Any) -> Any:
            if self.fail and int(self.optimizer.iterations) == 2:
                raise problem
            return super().train_step(data)

    model = Steps([keras.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(_Mine) as error:
        model.fit(X, Y, batch_size=4, verbose=0)
    assert error.value is problem
    assert int(model.optimizer.iterations) == 2
    model.fail = False
    works(model)


def test_exceptions_in_losses_metrics_and_optimizers() -> None:
    problem = _Mine("mine")

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise problem

    class Bad(keras.optimizers.Optimizer):
        update_step = fails

    for arguments in (
        {"loss": fails},
        {"loss": "mse", "metrics": [fails]},
        {"loss": "mse", "optimizer": Bad(0.1)},
    ):
        model = network()
        model.compile(**{"optimizer": "sgd", **arguments})
        with pytest.raises(_Mine) as error:
            model.fit(X, Y, verbose=0)
        assert error.value is problem
        model.compile("sgd", "mse")
        works(model)


def test_steps_and_losses_that_return_something_else() -> None:
    class Returns(keras.Sequential):
        value: Any = None

        def train_step(self, data: Any) -> Any:
            return self.value

    model = Returns([keras.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"must return a dict of logs.*got None"):
        model.fit(X, Y, verbose=0)

    class Vector(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # type: ignore[no-untyped-def]
            return ops.square(y - y_pred)

    model = Vector([keras.Input((3,)), L.Dense(1)])
    model.compile("sgd")
    with pytest.raises((ValueError, TypeError), match=r"scalar|one number"):
        model.fit(X, Y, verbose=0)
    model = network(lambda x: None)
    told = pytest.warns(UserWarning, match="of type Own, returned None")
    with told, pytest.raises((ValueError, TypeError), match=r"Own.* returned None"):
        model.fit(X, Y, verbose=0)


def test_a_loss_that_depends_on_nothing() -> None:
    model = network(lambda x: ops.stop_gradient(x))
    with pytest.warns(UserWarning, match="does not depend on these trainable weights.*dense"):
        model.fit(X, Y, verbose=0)
    model = keras.Sequential([keras.Input((3,)), L.Dense(1), Own(ops.stop_gradient)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="does not depend on any"):
        model.fit(X, Y, verbose=0)


def test_what_compile_and_fit_notice() -> None:
    model = network()
    with pytest.raises(ValueError, match="mean_sqared_error"):
        model.compile("sgd", "mean_sqared_error")
    with pytest.raises(ValueError, match="msee"):
        model.compile("sgd", {"a": "msee"})
    weights = np.ones(16)
    weights[5] = np.nan
    with pytest.raises(ValueError, match=r"finite numbers in `sample_weight`; got nan at index \[5\]"):
        model.fit(X, Y, sample_weight=weights, verbose=0)
    with pytest.warns(UserWarning, match=r"\(None, 1, 1\).*the last axis of the targets is dropped"):
        model.fit(X, Y[:, :, None], verbose=0)
    works(model)


def test_losses_added_from_outside() -> None:
    layer = L.Dense(1)
    layer(X)
    with pytest.raises(ValueError, match="scalar"):
        layer.add_loss(np.zeros((2,)))
    with pytest.raises(ValueError, match="scalar tensor; got 'much'"):
        layer.add_loss("much")


def test_lambda_that_is_no_function_of_tensors() -> None:
    problem = _Mine("inside")

    def fails(x: Any) -> Any:
        raise problem

    with pytest.raises(_Mine) as error:
        L.Lambda(fails)(X)
    assert error.value is problem
