"""Models: layers joined to a whole that trains, predicts and is saved."""

from oxhorn.models.cloning import clone_model
from oxhorn.models.functional import Functional
from oxhorn.models.model import Model, model_from_json
from oxhorn.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "model_from_json"]
