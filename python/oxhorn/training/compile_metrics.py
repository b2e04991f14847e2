"""The metrics given to `compile`, matched to the outputs of a model and reported under Keras's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oxhorn.metrics import Metric
from oxhorn.training.outputs import OutputMap
from oxhorn.training.resolve import get_metric
from oxhorn.training.structures import is_nested


class CompileMetrics(Metric):
    """One metric that holds all metrics of `compile`; built from the first targets and predictions it sees.

    Args:
        metrics: Metrics without sample weights: a list (one output), or a list or dict of lists by output.
        weighted_metrics: The same, for metrics that see the sample weights.
        output_names: The model's names for its outputs, or `None`.
    """

    def __init__(
        self, metrics: Any, weighted_metrics: Any, output_names: Sequence[str] | None = None
    ) -> None:
        super().__init__(name="compile_metrics")
        for argument, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(
                    f"compile expected `{argument}` to be a list, tuple or dict; "
                    f"got {given!r} of type {type(given).__name__}. For one metric write {argument}=[{given!r}]."
                )
        # Plain tuples and dicts held here are no state of this metric: the metrics are reset one by one.
        self._user = (metrics, weighted_metrics)
        self._user_output_names = output_names
        self._outputs: OutputMap | None = None
        self._plain: tuple[tuple[Metric, ...], ...] = ()
        self._weighted: tuple[tuple[Metric, ...], ...] = ()

    @property
    def built(self) -> bool:
        """Whether the metrics are matched to outputs yet."""
        return self._outputs is not None

    @property
    def metrics(self) -> list[Metric]:
        """All metrics: first those without, then those with sample weights."""
        return [metric for group in (*self._plain, *self._weighted) for metric in group]

    @property
    def variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Match the metrics to the outputs; "accuracy" is decided here, by the shapes."""
        outputs = OutputMap(y_pred, self._user_output_names)
        plain = _by_output("metrics", self._user[0], outputs)
        weighted = _by_output("weighted_metrics", self._user[1], outputs)
        wanted = [bool(a or b) for a, b in zip(plain, weighted, strict=True)]
        targets = outputs.targets(y_true, wanted)
        predictions = outputs.predictions(y_pred)

        def resolve(groups: list[list[Any]]) -> tuple[tuple[Metric, ...], ...]:
            resolved = []
            for place, group in enumerate(groups):
                if group and targets[place] is None:
                    raise ValueError(
                        f"The metrics {group!r} need targets, but `y` was not given"
                        + (f" for the output {outputs.names[place]!r}." if len(outputs) > 1 else ".")
                    )
                resolved.append(tuple(get_metric(each, targets[place], predictions[place]) for each in group))
            return tuple(resolved)

        self._plain, self._weighted = resolve(plain), resolve(weighted)
        self._wanted = wanted
        self._outputs = outputs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update every metric with its output's targets and predictions."""
        if self._outputs is None:
            self.build(y_true, y_pred)
        outputs = self._outputs
        assert outputs is not None
        targets = outputs.targets(y_true, self._wanted)
        predictions = outputs.predictions(y_pred)
        if is_nested(sample_weight):
            weights = outputs.targets(sample_weight, self._wanted, argument="sample_weight")
        else:
            weights = [sample_weight] * len(outputs)
        for place, (plain, weighted) in enumerate(zip(self._plain, self._weighted, strict=True)):
            for metric in plain:
                metric.update_state(targets[place], predictions[place])
            for metric in weighted:
                metric.update_state(targets[place], predictions[place], sample_weight=weights[place])

    def reset_state(self) -> None:
        """Reset every metric."""
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """All results by name.

        With several outputs a name is `<output>_<metric>`. A name met again gets a number, and a weighted metric
        whose name is taken becomes `weighted_<metric>` first.
        """
        if self._outputs is None:
            raise ValueError("The metrics have no result yet: they are built by the first batch of data.")
        results: dict[str, Any] = {}
        uses: dict[str, int] = {}

        def add(name: str, metric: Metric) -> None:
            count = uses.get(name, 0)
            uses[name] = count + 1
            results[name if count == 0 else f"{name}_{count}"] = metric.result()

        for name, metric in self._named(self._plain):
            add(name("{}"), metric)
        for name, metric in self._named(self._weighted):
            plain = name("{}")
            add(name("weighted_{}") if plain in uses else plain, metric)
        return results

    def _named(self, groups: tuple[tuple[Metric, ...], ...]) -> list[tuple[Any, Metric]]:
        """Each metric with a function from a pattern to its name, output in front."""
        assert self._outputs is not None
        several = len(self._outputs) > 1
        named = []
        for output, group in zip(self._outputs.names, groups, strict=True):
            for metric in group:
                prefix = f"{output}_" if several and output is not None else ""
                named.append((_namer(prefix, metric.name), metric))
        return named

    def get_config(self) -> dict[str, Any]:
        """Not serialised on its own: `Model.get_compile_config` holds what `compile` was given."""
        raise NotImplementedError("CompileMetrics is saved through Model.get_compile_config().")


def _namer(prefix: str, name: str) -> Any:
    return lambda pattern: prefix + pattern.format(name)


def _by_output(argument: str, given: Any, outputs: OutputMap) -> list[list[Any]]:
    """The metrics of each output as a list."""
    count = len(outputs)
    if not given:
        return [[] for _ in range(count)]
    if count == 1:
        return [_flatten(given)]
    if isinstance(given, dict):
        entries = outputs.targets(given, [True] * count, argument=argument)
    elif len(given) == count:
        entries = list(given)
    else:
        names = [name for name in outputs.names if name is not None]
        raise ValueError(
            f"`{argument}` does not say which output it belongs to: the model has {count} outputs "
            f"{names if names else ''}; got {given!r}. Give a list with one entry (a metric, a list of metrics or "
            "None) for each output, or a dict by output name."
        )
    return [_flatten(entry) for entry in entries]


def _flatten(given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, dict):
        return [metric for value in given.values() for metric in _flatten(value)]
    if isinstance(given, (list, tuple)):
        return [metric for value in given for metric in _flatten(value)]
    return [given]
