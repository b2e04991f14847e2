"""The loop over the steps of a sequence: one traced scan, or as many copies of the step as there are steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oxhorn import _core, ops, tree
from oxhorn.engine.sizes import Size
from oxhorn.ops.subgraphs import Traced

Step = Callable[[Any, Any], tuple[Any, Any]]


class Loop:
    """`output_t, states_t = step(x_t, states_{t-1})` along axis 1 of the sequences.

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

    def run(self, sequences: Any) -> tuple[Any, Any, Any]:
        """The last output, the outputs `(batch, steps, ...)` (`None` if not wanted), and the last states."""
        if self.unroll or not _core.is_tracing():
            return self._unrolled(sequences)
        return self._scanned(sequences)

    def _call(self, x: Any, leaves: Sequence[Any]) -> tuple[Any, list[Any], int | None]:
        """The output, the states after the step, and which of the states the output is."""
        output, states = self.step(x, tree.pack_sequence_as(self.states, list(leaves)))
        after = tree.flatten(states)
        if len(after) != len(leaves):
            raise ValueError(
                f"{self.who}: the cell was called with {len(leaves)} states and returned {len(after)}. Return the "
                "output and a list with the next value of each state."
            )
        return output, after, next((i for i, state in enumerate(after) if state is output), None)

    def _hold(
        self, mask: Any, before: Sequence[Any], output: Any, after: list[Any], which: int | None, last: Any
    ) -> tuple[Any, list[Any]]:
        """The output and the states of a step that may be masked."""
        kept = [_choose(mask, new, old) for new, old in zip(after, before, strict=True)]
        if self.zero_output:
            return _choose(mask, output, ops.zeros_like(output)), kept
        if which is not None:
            return kept[which], kept
        return _choose(mask, output, ops.zeros_like(output) if last is None else last), kept

    def _unrolled(self, sequences: Any) -> tuple[Any, Any, Any]:
        steps = sequences.shape[1]
        if not steps:
            raise ValueError(
                f"{self.who}: expected sequences of at least one step; got the shape {tuple(sequences.shape)}."
            )
        leaves, output, outputs = self.first, None, []
        for t in range(steps - 1, -1, -1) if self.backwards else range(steps):
            made, after, which = self._call(sequences[:, t], leaves)
            if self.mask is not None:
                output, leaves = self._hold(self.mask[:, t], leaves, made, after, which, output)
            else:
                output, leaves = made, after
            outputs.append(output)
        stacked = ops.stack(outputs, axis=1) if self.all_outputs else None
        return output, stacked, tree.pack_sequence_as(self.states, list(leaves))

    def _scanned(self, sequences: Any) -> tuple[Any, Any, Any]:
        n, masked = len(self.first), self.mask is not None
        carry = list(self.first)
        which: list[int | None] = []
        if masked and not self.zero_output:
            carry.extend(self._before_first(sequences))

        def step(carried: list[Any], element: Any) -> tuple[list[Any], Any]:
            x = element[0]
            output, after, place = self._call(x, carried[:n])
            if masked:
                last = carried[n] if len(carried) > n else None
                output, after = self._hold(element[1], carried[:n], output, after, place, last)
                if last is not None:
                    after = [*after, output]
                elif self.zero_output:
                    place = None
            which.append(place)
            # An output that is a state too is found among the last states.
            return after, output if self.all_outputs or which[-1] is None else None

        elements = [_turned(sequences)] + ([_turned(self.mask)] if masked else [])
        last, outputs = ops.scan(step, carry, elements, reverse=self.backwards)
        place = which[-1]
        if place is not None:
            output = last[place]
        elif len(carry) > n:
            output = last[n]
        else:
            output = outputs[0 if self.backwards else -1]
        if self.all_outputs and self.backwards:
            outputs = ops.flip(outputs, axis=0)
        outputs = _turned(outputs) if self.all_outputs else None
        return output, outputs, tree.pack_sequence_as(self.states, list(last[:n]))

    def _before_first(self, sequences: Any) -> list[Any]:
        """What masked steps at the beginning put out, unless that is one of the states: zeros."""
        place: list[int | None] = []

        def one(x: Any, *leaves: Any) -> Any:
            output, _, which = self._call(x, leaves)
            place.append(which)
            return output

        shape = tuple(sequences.shape)
        specs = [((shape[0], *shape[2:]), str(sequences.dtype))]
        specs += [(tuple(x.shape), str(x.dtype)) for x in self.first]
        output = Traced(one, specs, lambda values: values, "output").result.tensors[0]
        if place[-1] is not None:
            return []
        return [ops.zeros((ops.shape(sequences)[0], *output.shape[1:]), dtype=str(output.dtype))]


def _choose(mask: Any, new: Any, old: Any) -> Any:
    """`new` where the mask `(batch,)` is True, `old` elsewhere."""
    return ops.where(ops.reshape(mask, (-1, *[1] * (len(new.shape) - 1))), new, old)


def _turned(x: Any) -> Any:
    """Steps first, or samples first again."""
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))


def fixed_batch(sequences: Any, batch_size: int) -> Any:
    """Sequences whose batch size is open in the trace, with this one: any other is an error when the model runs."""
    shape = ops.shape(sequences)
    if not isinstance(shape[0], Size):
        return sequences
    return ops.reshape(sequences, (batch_size, *shape[1:]))
