"""Layers learnt without labels: autoencoders, Boltzmann machines, and tasks whose labels cost nothing."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.pretraining.belief_network import DeepBeliefNetwork, stack_rbms
    from oxhorn.pretraining.boltzmann import RestrictedBoltzmannMachine
    from oxhorn.pretraining.corruption import Corruption, corrupt
    from oxhorn.pretraining.good_and_bad import (
        CorruptionDetector,
        MaxMarginPretraining,
        pretrain_on_corrupted,
    )
    from oxhorn.pretraining.sparsity import KLSparsity
    from oxhorn.pretraining.stacked_autoencoder import StackedAutoencoder
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.pretraining.belief_network": "DeepBeliefNetwork, stack_rbms",
            "oxhorn.pretraining.boltzmann": "RestrictedBoltzmannMachine",
            "oxhorn.pretraining.corruption": "Corruption, corrupt",
            "oxhorn.pretraining.good_and_bad": (
                "CorruptionDetector, MaxMarginPretraining, pretrain_on_corrupted"
            ),
            "oxhorn.pretraining.sparsity": "KLSparsity",
            "oxhorn.pretraining.stacked_autoencoder": "StackedAutoencoder",
        },
    )

__all__ = [
    "Corruption",
    "CorruptionDetector",
    "DeepBeliefNetwork",
    "KLSparsity",
    "MaxMarginPretraining",
    "RestrictedBoltzmannMachine",
    "StackedAutoencoder",
    "corrupt",
    "pretrain_on_corrupted",
    "stack_rbms",
]
