"""How a model was compiled, as legacy files tell it (`training_config`): optimizer, loss, metrics."""

from __future__ import annotations

from typing import Any

from oxhorn.saving import registration
from oxhorn.saving.legacy.upgrade import Writer

_REDUCTIONS = {"auto": "sum_over_batch_size", "sum_over_nonscalar_weights": "sum_over_batch_size"}
_OPTIMIZER_GONE = ("jit_compile", "is_legacy_optimizer")
_KEYS = {"optimizer_config", "loss", "loss_weights", "metrics", "weighted_metrics", "sample_weight_mode"}
_KEYS_3 = {"run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss"}


def compile_arguments(config: Any, writer: Writer, outputs: int) -> dict[str, Any]:
    """The arguments of `compile`.

    Args:
        config: The `training_config` of a file, parsed.
        writer: What wrote it.
        outputs: How many outputs the model has.

    Raises:
        ValueError: If something in it cannot be understood.
        TypeError: If it names a class or function that is not known.
    """
    if not isinstance(config, dict) or not isinstance(config.get("optimizer_config"), dict):
        raise ValueError("`training_config` must be a dict with an 'optimizer_config'.")
    unknown = sorted(set(map(str, config)) - _KEYS - _KEYS_3)
    if unknown:
        raise ValueError(f"`training_config` has keys whose meaning is not known here: {unknown}.")
    arguments = {
        "optimizer": _optimizer(config["optimizer_config"], writer),
        "loss": _nested(config.get("loss"), _loss),
        "loss_weights": config.get("loss_weights"),
        "metrics": _nested(_one_output(config.get("metrics"), outputs), _metric),
        "weighted_metrics": _nested(_one_output(config.get("weighted_metrics"), outputs), _metric),
    }
    return arguments


def _nested(config: Any, function: Any) -> Any:
    if config is None:
        return None
    if isinstance(config, str) or (isinstance(config, dict) and "class_name" in config):
        return function(config)
    if isinstance(config, dict):
        return {key: _nested(value, function) for key, value in config.items()}
    if isinstance(config, list):
        return [_nested(value, function) for value in config]
    raise ValueError(
        f"A loss or metric in a file is a name, an object, or a list or dict of these; got {str(config)[:100]}."
    )


def _one_output(metrics: Any, outputs: int) -> Any:
    """Keras 2 writes a list for each output, also if there is one."""
    alone = isinstance(metrics, list) and len(metrics) == 1 and outputs == 1
    return metrics[0] if alone and isinstance(metrics[0], list) else metrics


def _optimizer(entry: dict[str, Any], writer: Writer) -> Any:
    from oxhorn import optimizers

    class_name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, dict):
        raise ValueError("`optimizer_config` must have 'class_name' and 'config'.")
    if not writer.is_keras_3:
        class_name, config = _upgrade_optimizer(class_name, dict(config))
    return optimizers.deserialize({"class_name": class_name, "config": config})


def _upgrade_optimizer(class_name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    # Keras 2.11 to 2.15 registered its own optimizers like a user's.
    class_name = class_name.removeprefix("Custom>")
    for key in _OPTIMIZER_GONE:
        config.pop(key, None)
    if "lr" in config:
        config.setdefault("learning_rate", config.pop("lr"))
    if config.get("epsilon", 0.0) is None:
        del config["epsilon"]
    if not config.get("use_ema") and "ema_overwrite_frequency" in config:
        del config["ema_overwrite_frequency"]
    config.pop("schedule_decay", None)
    decay = config.pop("decay", 0.0)
    # Nadam's is the fixed one of its momentum.
    if decay and class_name != "Nadam":
        rate = {"initial_learning_rate": config["learning_rate"], "decay_steps": 1, "decay_rate": decay}
        config["learning_rate"] = {
            "module": "keras.optimizers.schedules",
            "class_name": "InverseTimeDecay",
            "config": rate,
        }
    schedule = config.get("learning_rate")
    if isinstance(schedule, dict) and isinstance(schedule.get("config"), dict):
        inner = {
            key: value for key, value in schedule["config"].items() if key != "name" or value is not None
        }
        config["learning_rate"] = {**schedule, "config": inner}
    return class_name, config


def _named(name: str) -> Any:
    """Your own function or class; other names are for `compile`, which knows what `accuracy` stands for."""
    own = registration.get_registered_object(name)
    return name if own is None else own


def _loss(config: Any) -> Any:
    from oxhorn import losses

    if isinstance(config, str):
        return _named(config)
    inner = config.get("config")
    if isinstance(inner, dict):
        # Each loss repeats which function it is.
        inner = {key: value for key, value in inner.items() if key != "fn"}
        reduction = inner.get("reduction")
        if isinstance(reduction, str) and reduction in _REDUCTIONS:
            inner["reduction"] = _REDUCTIONS[reduction]
        if config["class_name"] == "LossFunctionWrapper":
            return losses.LossFunctionWrapper(losses.get(config["config"].get("fn")), **inner)
        config = {**config, "config": inner}
    return losses.deserialize(config)


def _metric(config: Any) -> Any:
    from oxhorn import metrics

    if isinstance(config, str):
        return _named(config)
    inner = config.get("config")
    if config["class_name"] == "MeanMetricWrapper" and isinstance(inner, dict):
        found = metrics.get(inner.get("fn"))
        names = {key: inner[key] for key in ("name", "dtype") if inner.get(key) is not None}
        if isinstance(found, metrics.Metric):
            return type(found)(**names)
        rest = {key: value for key, value in inner.items() if key not in ("name", "dtype", "fn")}
        return metrics.MeanMetricWrapper(found, **names, **rest)
    return metrics.deserialize(config)
