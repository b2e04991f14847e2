"""The loop over the steps of a sequence: one traced scan, or as many copies of the step as there are steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oxhorn import _core, ops, tree
from oxhorn.engine.sizes import Size
from oxhorn.ops.subgraphs import Traced

Step = Callable[[Any, Any], tuple[Any, Any]]


class Loop:
    """`output_t, states_t = step(x_t, states_{t-1})` along axis 1 of the sequences (a tensor or a structure of them).

    Where the mask is False, the states stay and the output is the one before it (that of the first steps: the state
    that the cell puts out, or zeros if it puts out something else), or zeros if that is asked for.

    Args:
        who: The layer, for messages.
        step: A function of the inputs of one step and the states (in the structure of `states`).
        states: The first states, a list of tensors or of lists of them.
        mask: Booleans `(batch, steps)`, or `None`.
        backwards: Whether to go from the last step to the first; the outputs come in the order they were made in.
        unroll: Whether to trace every step.
        zero_output: Whether the outputs of masked steps are zeros.
        all_outputs: Whether the outputs of all steps are wanted.
    """

    def __init__(
        self,
        who: str,
        step: Step,
        states: Any,
        *,
        mask: Any = None,
        backwards: bool = False,
        unroll: bool = False,
        zero_output: bool = False,
        all_outputs: bool = True,
    ) -> None:
        self.who, self.step, self.states, self.mask = who, step, states, mask
        self.backwards, self.unroll = backwards, unroll
        self.zero_output, self.all_outputs = zero_output, all_outputs
        self.first: list[Any] = tree.flatten(states)
        # The form of what goes in and of what comes out, tensors or structures of them.
        self.sequences: Any = None
        self.output: Any = None

    def run(self, sequences: Any) -> tuple[Any, Any, Any]:
        """The last output, the outputs `(batch, steps, ...)` (`None` if not wanted), and the last states."""
        self.sequences = sequences
        xs = tree.flatten(sequences)
        made = self._unrolled if self.unroll or not _core.is_tracing() else self._scanned
        last, outputs, states = made(xs)
        return (
            tree.pack_sequence_as(self.output, last),
            None if outputs is None else tree.pack_sequence_as(self.output, outputs),
            tree.pack_sequence_as(self.states, states),
        )

    def _call(self, xs: Sequence[Any], before: Sequence[Any]) -> tuple[list[Any], list[Any], int | None]:
        """The outputs, the states after the step, and which of the states is the output."""
        x = tree.pack_sequence_as(self.sequences, list(xs))
        output, states = self.step(x, tree.pack_sequence_as(self.states, list(before)))
        after = tree.flatten(states)
        if len(after) != len(before):
            raise ValueError(
                f"{self.who}: the cell was called with {len(before)} states and returned {len(after)}. Return the "
                "output and a list with the next value of each state."
            )
        self.output = output
        return (
            tree.flatten(output),
            after,
            next((i for i, state in enumerate(after) if state is output), None),
        )

    def _hold(
        self,
        mask: Any,
        before: Sequence[Any],
        outputs: list[Any],
        after: list[Any],
        which: int | None,
        last: Sequence[Any],
    ) -> tuple[list[Any], list[Any]]:
        """The outputs and the states of a step that may be masked."""
        kept = [_choose(mask, new, old) for new, old in zip(after, before, strict=True)]
        if which is not None and not self.zero_output:
            return [kept[which]], kept
        if self.zero_output or not last:
            last = [ops.zeros_like(output) for output in outputs]
        return [_choose(mask, new, old) for new, old in zip(outputs, last, strict=True)], kept

    def _unrolled(self, xs: list[Any]) -> tuple[list[Any], list[Any] | None, list[Any]]:
        steps = xs[0].shape[1]
        states = self.first
        output: list[Any] = []
        outputs: list[list[Any]] = []
        for t in range(steps - 1, -1, -1) if self.backwards else range(steps):
            made, after, which = self._call([x[:, t] for x in xs], states)
            if self.mask is not None:
                output, states = self._hold(self.mask[:, t], states, made, after, which, output)
            else:
                output, states = made, after
            outputs.append(output)
        columns = zip(*outputs, strict=True)
        return output, [ops.stack(list(one), axis=1) for one in columns] if self.all_outputs else None, states

    def _scanned(self, xs: list[Any]) -> tuple[list[Any], list[Any] | None, list[Any]]:
        n, masked = len(self.first), self.mask is not None
        carry = list(self.first)
        if masked and not self.zero_output:
            carry.extend(self._before_first(xs))
        places: list[int | None] = []

        def step(carried: list[Any], element: list[Any]) -> tuple[list[Any], Any]:
            outputs, after, which = self._call(element[: len(xs)], carried[:n])
            if masked:
                outputs, after = self._hold(element[-1], carried[:n], outputs, after, which, carried[n:])
                if len(carried) > n:
                    after = [*after, *outputs]
                if self.zero_output:
                    which = None
            places.append(which)
            # An output that is a state too is found among the last states.
            return after, outputs if self.all_outputs or which is None else None

        elements = [_turned(x) for x in xs] + ([_turned(self.mask)] if masked else [])
        last, outputs = ops.scan(step, carry, elements, reverse=self.backwards)
        which = places[-1]
        if which is not None:
            output = [last[which]]
        elif len(carry) > n:
            output = last[n:]
        else:
            output = [one[0 if self.backwards else -1] for one in outputs]
        if not self.all_outputs:
            return output, None, last[:n]
        if self.backwards:
            outputs = [ops.flip(one, axis=0) for one in outputs]
        return output, [_turned(one) for one in outputs], last[:n]

    def _before_first(self, xs: list[Any]) -> list[Any]:
        """What masked steps at the beginning put out, unless that is one of the states: zeros."""
        places: list[int | None] = []

        def one(*values: Any) -> Any:
            outputs, _, which = self._call(values[: len(xs)], values[len(xs) :])
            places.append(which)
            return outputs

        specs = [((x.shape[0], *x.shape[2:]), str(x.dtype)) for x in xs]
        specs += [(tuple(x.shape), str(x.dtype)) for x in self.first]
        outputs = Traced(one, specs, lambda values: values, "output").result.tensors
        if places[-1] is not None:
            return []
        batch = ops.shape(xs[0])[0]
        return [ops.zeros((batch, *output.shape[1:]), dtype=str(output.dtype)) for output in outputs]


def _choose(mask: Any, new: Any, old: Any) -> Any:
    """`new` where the mask `(batch,)` is True, `old` elsewhere."""
    return ops.where(ops.reshape(mask, (-1, *[1] * (len(new.shape) - 1))), new, old)


def _turned(x: Any) -> Any:
    """Steps first, or samples first again."""
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))


def fixed_batch(sequences: Any, batch_size: int) -> Any:
    """Sequences whose batch size is open in the trace, with this one: any other is an error when the model runs."""

    def fixed(x: Any) -> Any:
        shape = ops.shape(x)
        return ops.reshape(x, (batch_size, *shape[1:])) if isinstance(shape[0], Size) else x

    return tree.map_structure(fixed, sequences)
