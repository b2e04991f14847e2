"""Reusing trained layers: taking them over, freezing them, training on top of what they give.

Additions to Keras's interface, all built on layers that are shared objects.
"""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.reuse.features import FeatureCache
    from oxhorn.reuse.freezing import freeze, unfreeze, update_optimizer
    from oxhorn.reuse.rates import discriminative_rates
    from oxhorn.reuse.searching import ReuseSearch, search_reused_layers
    from oxhorn.reuse.taking import take_layers
    from oxhorn.reuse.tops import drop_top, replace_layer, with_new_top
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.reuse.features": "FeatureCache",
            "oxhorn.reuse.freezing": "freeze, unfreeze, update_optimizer",
            "oxhorn.reuse.rates": "discriminative_rates",
            "oxhorn.reuse.searching": "ReuseSearch, search_reused_layers",
            "oxhorn.reuse.taking": "take_layers",
            "oxhorn.reuse.tops": "drop_top, replace_layer, with_new_top",
        },
    )

__all__ = [
    "FeatureCache",
    "ReuseSearch",
    "discriminative_rates",
    "drop_top",
    "freeze",
    "replace_layer",
    "search_reused_layers",
    "take_layers",
    "unfreeze",
    "update_optimizer",
    "with_new_top",
]
