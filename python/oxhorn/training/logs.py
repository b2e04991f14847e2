"""Logs: results of metrics as plain numbers, in the order in which Keras reports them."""

from __future__ import annotations

from typing import Any

from oxhorn.callbacks.callback_list import python_logs
from oxhorn.training.compile_metrics import CompileMetrics

__all__ = ["flatten_in_order", "merge_with_metrics", "python_logs", "results_of"]


def merge_with_metrics(model: Any, logs: dict[str, Any] | None) -> dict[str, Any]:
    """The results of the model's metrics where they have the names of a step's `logs`; else `logs`.

    A step of one's own may return other values than the metrics; those are then what is reported.
    """
    results: dict[str, Any] = model.get_metrics_result()
    if logs is None or set(logs) == set(results):
        return results
    return logs


def results_of(metrics: list[Any]) -> dict[str, Any]:
    """The results of metrics by name; those that are dicts themselves are laid flat."""
    results: dict[str, Any] = {}
    for metric in metrics:
        if isinstance(metric, CompileMetrics) and not metric.built:
            continue
        result = metric.result()
        if isinstance(result, dict):
            results.update(result)
        else:
            results[metric.name] = result
    return results


def flatten_in_order(model: Any, logs: dict[str, Any]) -> Any:
    """`logs` as a list: first those with the name of a metric, in the order of `metrics`, then the others by name.

    A list of one is that one.
    """
    if len(logs) == 1:
        return next(iter(logs.values()))
    names: list[str] = []
    for metric in model.metrics:
        if isinstance(metric, CompileMetrics):
            names.extend(each.name for each in metric.metrics)
        else:
            names.append(metric.name)
    ordered = [name for name in dict.fromkeys(names) if name in logs]
    ordered += sorted(name for name in logs if name not in names)
    return [logs[name] for name in ordered]
