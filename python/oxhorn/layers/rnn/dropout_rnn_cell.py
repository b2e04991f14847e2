"""Dropout that stays the same through all steps of a sequence."""

from __future__ import annotations

from typing import Any

from oxhorn import _core, ops, random


class DropoutRNNCell:
    """What recurrent cells with dropout have in common; a second base beside `Layer`.

    A layer that loops makes the masks before the first step and forgets them after the last, so that every step of
    one call drops the same units. A cell that is called by hand keeps its masks until they are reset.

    Classes that derive from it have `dropout` and `recurrent_dropout` (rates), a `seed_generator`, and, if each gate
    has a mask of its own, `dropout_mask_count`.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: Any
    dropout_mask_count: int | None = None

    def get_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the inputs, made in the shape of `step_input` if there is none yet.

        Returns:
            A tensor of zeros and `1 / (1 - rate)`; a list with one for each gate; `None` if the rate is 0.
        """
        return self._mask("_dropout_mask", self.dropout, step_input)

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the states, made in the shape of `step_input` if there is none yet."""
        return self._mask("_recurrent_dropout_mask", self.recurrent_dropout, step_input)

    def reset_dropout_mask(self) -> None:
        """Forgets the mask of the inputs."""
        self.__dict__["_dropout_mask"] = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forgets the mask of the states."""
        self.__dict__["_recurrent_dropout_mask"] = None

    def make_dropout_masks(self, step_input: Any, state: Any) -> None:
        """New masks for all steps of one call."""
        self.__dict__["_dropout_mask"] = self._create(self.dropout, step_input)
        self.__dict__["_recurrent_dropout_mask"] = self._create(self.recurrent_dropout, state)

    def _mask(self, name: str, rate: float, like: Any) -> Any:
        mask = self.__dict__.get(name)
        if mask is None:
            mask = self._create(rate, like)
            # What is made inside a trace has no meaning after it.
            if not _core.is_tracing():
                self.__dict__[name] = mask
        return mask

    def _create(self, rate: float, like: Any) -> Any:
        if rate <= 0:
            return None
        ones = ops.ones_like(like, dtype=getattr(self, "compute_dtype", None))
        count = self.dropout_mask_count
        if count is None:
            return random.dropout(ones, rate, seed=self.seed_generator)
        return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(count)]


def project(x: Any, kernel: Any, masks: Any) -> Any:
    """`x kernel`, with dropout: one mask for all gates, or one for each of them.

    `[(x * m_1) K_1, (x * m_2) K_2, ...]` with the columns of the kernel shared out among the masks.
    """
    if masks is None:
        return ops.matmul(x, kernel)
    if not isinstance(masks, (list, tuple)):
        return ops.matmul(x * masks, kernel)
    parts = ops.split(kernel, len(masks), axis=-1)
    return ops.concatenate(
        [ops.matmul(x * mask, part) for mask, part in zip(masks, parts, strict=True)], axis=-1
    )
