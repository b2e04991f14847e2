"""Models: layers joined to a whole that trains, predicts and is saved."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.models.cloning import clone_model
    from oxhorn.models.functional import Functional
    from oxhorn.models.goes_to_files import model_from_json
    from oxhorn.models.model import Model
    from oxhorn.models.sequential import Sequential
    from oxhorn.saving.models import load_model, save_model
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.models.cloning": "clone_model",
            "oxhorn.models.functional": "Functional",
            "oxhorn.models.goes_to_files": "model_from_json",
            "oxhorn.models.model": "Model",
            "oxhorn.models.sequential": "Sequential",
            "oxhorn.saving.models": "load_model, save_model",
        },
    )

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
