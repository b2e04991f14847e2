"""Whole models from legacy files: config, weights, and how they were compiled."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oxhorn.saving import hdf5
from oxhorn.saving.hdf5 import Array, Dataset, Group
from oxhorn.saving.legacy import optimizer_state
from oxhorn.saving.legacy.attributes import config_in, names_in
from oxhorn.saving.legacy.compile_config import compile_arguments
from oxhorn.saving.legacy.upgrade import Writer, upgrade_model, writer_of
from oxhorn.saving.legacy.weights_reader import Plan
from oxhorn.saving.registration import CustomObjectScope
from oxhorn.saving.serialization import deserialize_keras_object
from oxhorn.saving.untrusted import making_a_model


def load_whole_model(
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Any:
    """The model in a legacy file of Keras 2 or 3.

    Args:
        path: The file.
        custom_objects: Your own classes and functions in it, by name.
        compile: Whether to compile the model as it was when it was saved, with the state of its optimizer.

    Raises:
        OSError: If the file cannot be opened.
        ValueError: If it is not such a file, is damaged, or describes something that cannot be made.
        TypeError: If it names a class or function that is not known.
    """
    with hdf5.opening(path) as root:
        config = config_in(root, "model_config")
        if config is None:
            raise ValueError(
                f"No model config found in the file at {root.label}: it has no attribute 'model_config'. If it holds "
                "weights alone, build the model and use `load_weights`."
            )
        writer = writer_of(root.attribute("keras_version"))
        room = Path(path).stat().st_size
        with CustomObjectScope(custom_objects):
            with making_a_model(root.label, room):
                model = _model(config, writer, root.label)
            plan = Plan(f"load_model: {root.label}")
            if "model_weights" in root:
                plan.of_the_same_model(model, root.group("model_weights"))
            elif model.weights:
                raise ValueError(f"{root.label}: damaged: the file has no group 'model_weights'.")
            plan.assign(plan.read())
            if compile:
                with making_a_model(root.label, room):
                    _compile(model, root, writer, plan)
    return model


def _model(config: Any, writer: Writer, label: str) -> Any:
    from oxhorn.models import Model

    try:
        model = deserialize_keras_object(upgrade_model(config, writer))
    except RecursionError:
        raise ValueError(f"{label}: 'model_config' is nested too deep to be read.") from None
    if not isinstance(model, Model):
        raise ValueError(f"{label}: 'model_config' describes a {type(model).__name__}, not a model.")
    return model


def _compile(model: Any, root: Group, writer: Writer, plan: Plan) -> None:
    training = config_in(root, "training_config")
    if training is None:
        _note(
            f"{root.label}: no training configuration found in the file, so the model was *not* compiled. Call "
            "`compile` before training."
        )
        return
    try:
        # Models with a `call` of their own do not say how many outputs they have.
        outputs = 1 if model._graph is None else len(model.outputs)
        model.compile(**compile_arguments(training, writer, outputs))
    except (TypeError, ValueError) as error:
        error.add_note(
            f"This happened while the model of {root.label} was compiled as it was when it was saved. Without that it "
            "can be had by `load_model(path, compile=False)`."
        )
        raise
    if "optimizer_weights" not in root or model.optimizer is None:
        return
    try:
        _restore_optimizer(model, root.group("optimizer_weights"), writer, plan)
    except optimizer_state.NotUnderstood as error:
        _note(
            f"{root.label}: the saved state of the optimizer does not fit {type(model.optimizer).__name__}: {error}. "
            "As a result, the model starts with a freshly initialized optimizer."
        )


def _restore_optimizer(model: Any, group: Group, writer: Writer, plan: Plan) -> None:
    names = names_in(group, "weight_names")
    datasets = [_dataset(group, name) for name in names]
    optimizer = model.optimizer
    optimizer.build(list(model.trainable_variables))
    shapes = [dataset.shape for dataset in datasets]
    if writer.is_keras_3:
        pairs = optimizer_state.from_keras_3(optimizer, names, shapes)
    else:
        trained = {id(variable) for variable in model.trainable_variables}
        weights = {name: weight for name, weight in plan.named.items() if id(weight) in trained}
        if not plan.unique_names:
            raise optimizer_state.NotUnderstood("two weights of the model have the same name in the file")
        pairs = optimizer_state.from_keras_2(optimizer, names, shapes, weights)
    values = [_value(variable, datasets[i]) for variable, i in pairs]
    for (variable, _), value in zip(pairs, values, strict=True):
        variable.assign(value)
    if not writer.is_keras_3:
        optimizer_state.finish(optimizer)


def _dataset(group: Group, name: str) -> Dataset:
    try:
        return group.dataset(name)
    except KeyError:
        raise ValueError(
            f"{group.label}: damaged: the value {name[:200]!r} of the optimizer is listed, but not there."
        ) from None


def _value(variable: Any, dataset: Dataset) -> Array:
    shape, dtype = tuple(variable.shape), str(variable.dtype)
    if dtype.startswith("int") and dataset.dtype.startswith("float") and dataset.shape == shape == ():
        # Keras 2.0 counted steps in float32.
        steps = float(dataset.read(shape))
        if not steps.is_integer() or not 0 <= steps <= np.iinfo(dtype).max:
            raise optimizer_state.NotUnderstood(f"{variable.path!r} is {steps} in the file")
        return np.asarray(steps, dtype)
    problem = dataset.problem(shape, dtype)
    if problem is not None:
        raise optimizer_state.NotUnderstood(f"{variable.path!r} {problem}")
    return dataset.read(shape, dtype)


def _note(text: str) -> None:
    logging.getLogger("oxhorn").warning(text)
