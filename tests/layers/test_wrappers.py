"""Layers that hold a function or another layer, and the table that is read both ways."""

from __future__ import annotations

import numpy as np
import pytest

import oxhorn as keras
from oxhorn import ops
from oxhorn.testing import check_gradients
from oxhorn.testing.reference import layers as ref

L = keras.layers
X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


@keras.saving.register_keras_serializable(package="tests")
def scaled(x, by=1.0, training=False):
    return x * by + (1.0 if training else 0.0)


def test_lambda_in_a_model_that_is_saved_by_name() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, L.Lambda(scaled, arguments={"by": 3.0})(x))
    np.testing.assert_array_equal(model.predict(X, verbose=0), 3.0 * X)
    again = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(again.predict(X, verbose=0), 3.0 * X)
    np.testing.assert_array_equal(model(X, training=True).numpy(), 3.0 * X + 1.0)


def test_lambda_writes_and_reads_no_code() -> None:
    layer = L.Lambda(lambda x: x + 1)
    np.testing.assert_array_equal(layer(X).numpy(), X + 1)
    with pytest.raises(ValueError, match=r"`function` is a Python lambda.*register"):
        layer.get_config()
    config = L.Lambda(scaled).get_config()
    for name in ("function", "output_shape", "mask"):
        code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
        with pytest.raises(ValueError, match=rf"`{name}` is a Python lambda.*never run"):
            L.Lambda.from_config({**config, name: code})
        with pytest.raises(ValueError, match="never run"):
            L.Lambda.from_config({**config, name: code}, safe_mode=False)
    with pytest.raises(TypeError, match="Unknown function"):
        L.Lambda.from_config(
            {**config, "function": {"module": "os", "class_name": "function", "config": "system"}}
        )


def test_lambda_shapes_and_masks() -> None:
    assert L.Lambda(lambda x: x[:, :2]).compute_output_shape((None, 4)) == (None, 2)
    assert L.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 4)) == (None, 7)
    assert L.Lambda(lambda x: x, output_shape=lambda s: (s[0], 9)).compute_output_shape((None, 4)) == (
        None,
        9,
    )
    with pytest.raises(NotImplementedError, match=r"infer the shape .* `output_shape`"):
        L.Lambda(lambda x: ops.matmul(x, ops.ones((7, 7)))).compute_output_shape((None, 4))
    with pytest.raises(ValueError, match="expected `function`"):
        L.Lambda("square")
    masked = L.Lambda(lambda x: x * 2, mask=lambda inputs, mask: mask)(
        L.Masking()(np.array([[[1.0], [0.0]]]))
    )
    np.testing.assert_array_equal(masked._keras_mask.numpy(), [[True, False]])


def test_lambda_in_a_stack_is_cloned() -> None:
    model = keras.Sequential([keras.Input((4,)), L.Lambda(lambda x: 2 * x), L.Dense(2)])
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))


def test_masking_goes_on_to_the_loss() -> None:
    x = np.array([[[1.0], [2.0], [9.0]], [[3.0], [9.0], [9.0]]], "float32")
    model = keras.Sequential([keras.Input((3, 1)), L.Masking(mask_value=9.0), L.Rescaling(1.0)])
    model.compile(loss="mae")
    target = np.zeros((2, 3, 1), "float32")
    assert model.evaluate(x, target, verbose=0) == pytest.approx(2.0)


def test_wrapper() -> None:
    class Twice(L.Wrapper):
        def call(self, x):
            return self.layer(self.layer(x))

    layer = Twice(L.Dense(4))
    y = layer(X)
    k, b = layer.get_weights()
    np.testing.assert_allclose(y.numpy(), (X @ k + b) @ k + b, rtol=1e-5, atol=1e-5)
    again = Twice.from_config(layer.get_config())
    assert isinstance(again.layer, L.Dense)
    assert again.layer.units == 4
    with pytest.raises(ValueError, match="isn't a supported layer type"):
        L.Wrapper(L.Dense)


@pytest.mark.parametrize("inside", [lambda: L.Dense(3), lambda: L.Conv1D(3, 2), lambda: L.Embedding(6, 3)])
def test_spectral_normalization(inside) -> None:
    layer = L.SpectralNormalization(inside(), power_iterations=3)
    x = (
        np.arange(10).reshape(2, 5, 1) % 6
        if isinstance(layer.layer, L.Conv1D)
        else np.arange(10).reshape(2, 5) % 6
    )
    if not isinstance(layer.layer, L.Embedding):
        x = x.astype("float32")
    layer.build(x.shape)
    before, u = layer.kernel.numpy(), layer.vector_u.numpy()
    untouched = layer(x).numpy()
    assert untouched.shape[-1] == 3
    np.testing.assert_array_equal(layer.kernel.numpy(), before)
    layer(x, training=True)
    kernel, after = ref.spectral_normalization(before.astype("float64"), u.astype("float64"), 3)
    np.testing.assert_allclose(layer.kernel.numpy(), kernel, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.vector_u.numpy(), after, rtol=1e-4, atol=1e-5)


def test_spectral_normalization_in_fit_and_refusals() -> None:
    model = keras.Sequential([keras.Input((4,)), L.SpectralNormalization(L.Dense(3), power_iterations=8)])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    model.fit(X, np.zeros((5, 3)), epochs=6, batch_size=5, verbose=0)
    assert np.linalg.norm(model.layers[0].kernel.numpy(), 2) == pytest.approx(1.0, rel=1e-2)
    with pytest.raises(ValueError, match=r"no attribute 'kernel' nor 'embeddings'"):
        L.SpectralNormalization(L.Flatten())(X)
    with pytest.raises(ValueError, match="`power_iterations`"):
        L.SpectralNormalization(L.Dense(1), power_iterations=0)


@pytest.mark.parametrize("tied", [True, False])
def test_reversible_embedding(tied: bool) -> None:
    layer = L.ReversibleEmbedding(7, 3, tie_weights=tied, logit_soft_cap=5.0)
    vectors = layer(np.array([[1, 2], [3, 0]]))
    table = layer.get_weights()[0]
    back = table.T if tied else layer.get_weights()[1]
    logits = layer(vectors, reverse=True).numpy()
    np.testing.assert_allclose(logits, 5.0 * np.tanh(vectors.numpy() @ back / 5.0), rtol=1e-5, atol=1e-7)
    x = keras.Input((2,), dtype="int32")
    assert layer(layer(x), reverse=True).shape == (None, 2, 7)
    assert L.ReversibleEmbedding.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("open_shape", [(None, None, 6), (None, None, None, 6)])
def test_group_normalization_with_open_sizes(open_shape) -> None:
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 6)[: len(open_shape) - 1] + (6,)).astype("float32")
    layer = L.GroupNormalization(groups=3)
    inputs = keras.Input(open_shape[1:])
    model = keras.Model(inputs, layer(inputs))
    np.testing.assert_allclose(model.predict(x, verbose=0), layer(x).numpy(), rtol=1e-5, atol=1e-6)
    check_gradients(L.GroupNormalization(groups=3, dtype="float64"), x.astype("float64"), max_elements=12)


def test_group_normalization_refusals() -> None:
    for groups, message in ((5, "must be a multiple"), (12, "cannot be more than")):
        with pytest.raises(ValueError, match=message):
            L.GroupNormalization(groups=groups)(np.ones((2, 6)))
    with pytest.raises(ValueError, match="defined dimension"):
        L.GroupNormalization(groups=2).build((None, None))
    with pytest.raises(ValueError, match="out of bounds"):
        L.GroupNormalization(groups=1, axis=3)(np.ones((2, 6)))


def test_spatial_dropout_drops_whole_maps() -> None:
    for layer, shape, axes in (
        (L.SpatialDropout1D(0.5, seed=1), (4, 3, 8), (1,)),
        (L.SpatialDropout2D(0.5, seed=1), (4, 3, 2, 8), (1, 2)),
        (L.SpatialDropout3D(0.5, seed=1, data_format="channels_first"), (4, 8, 2, 3, 2), (2, 3, 4)),
    ):
        y = layer(np.ones(shape, "float32"), training=True).numpy()
        assert set(np.unique(y)) == {0.0, 2.0}
        assert (y.max(axes) == y.min(axes)).all()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(0).normal(size=(200, 200)).astype("float32")
    y = L.AlphaDropout(0.3, seed=2)(x, training=True).numpy()
    assert y.mean() == pytest.approx(0.0, abs=0.02)
    assert y.std() == pytest.approx(1.0, abs=0.02)
    kept = np.isclose(y, ref.alpha_dropout(x, True, 0.3), atol=1e-5)
    assert kept.mean() == pytest.approx(0.7, abs=0.02)
    np.testing.assert_allclose(y, ref.alpha_dropout(x, kept, 0.3), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
def test_layer_normalization_without_the_mean() -> None:
    """The deprecated `rms_scaling`: no mean is taken away, and there is no `beta`."""
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    for axis in (-1, (1, 2), (3, 1)):
        layer = L.LayerNormalization(axis=axis, rms_scaling=True, gamma_initializer="normal")
        y = layer(x).numpy()
        axes = (axis,) if isinstance(axis, int) else axis
        gamma = np.asarray(layer.gamma.numpy())  # along the axes in their order, as given or not
        sizes = [n if i in {a % 4 for a in axes} else 1 for i, n in enumerate(x.shape)]
        right = x / np.sqrt(x.var(axes, keepdims=True) + 1e-3) * gamma.reshape(sizes)
        np.testing.assert_allclose(y, right, rtol=1e-5, atol=1e-6)
        assert [w.name for w in layer.weights] == ["gamma"]
        assert L.LayerNormalization.from_config(layer.get_config()).rms_scaling
    with pytest.warns(UserWarning, match="rms_scaling=True.*deprecated"):
        L.LayerNormalization(rms_scaling=True)


def test_a_config_with_a_value_out_of_range_is_both_kinds_of_error() -> None:
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match="`input_dim` must be a positive integer"):
            L.Embedding.from_config({"input_dim": 3.7, "output_dim": 8})


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("Conv1D", {"kernel_size": 3, "padding": "causal", "activation": "relu"}, (2, 7, 4)),
        ("Conv2D", {"kernel_size": 3, "padding": "same", "strides": 2}, (2, 7, 6, 4)),
        ("Conv2D", {"kernel_size": 3, "groups": 2, "data_format": "channels_first"}, (2, 4, 6, 6)),
        ("Conv3D", {"kernel_size": 2, "dilation_rate": 2, "use_bias": False}, (1, 6, 6, 6, 4)),
    ],
)
def test_own_convolution_op(name: str, arguments: dict, shape: tuple[int, ...]) -> None:
    cls = getattr(L, name)

    class Doubled(cls):
        def convolution_op(self, inputs, kernel):
            return super().convolution_op(inputs, 2.0 * kernel)

    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    plain, own = cls(4, **arguments), Doubled(4, **arguments)
    plain(x)
    own(x)
    weights = plain.get_weights()
    own.set_weights([0.5 * weights[0], *weights[1:]])
    np.testing.assert_allclose(own(x).numpy(), plain(x).numpy(), rtol=1e-5, atol=1e-5)
    inputs = keras.Input(shape[1:])
    predicted = keras.Model(inputs, own(inputs)).predict(x, verbose=0)
    np.testing.assert_allclose(predicted, plain(x).numpy(), rtol=1e-5, atol=1e-5)
