"""Weights of models of other libraries."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.interop.report import LoadReport
    from oxhorn.interop.torch_weights import load_torch_state_dict, to_torch_state_dict
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.interop.report": "LoadReport",
            "oxhorn.interop.torch_weights": "load_torch_state_dict, to_torch_state_dict",
        },
    )

__all__ = ["LoadReport", "load_torch_state_dict", "to_torch_state_dict"]
