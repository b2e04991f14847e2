"""Random numbers: the same seed gives the same numbers on every machine, for any number of threads."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.engine.seed_generator import SeedGenerator
    from oxhorn.random.choices import categorical, dropout, shuffle
    from oxhorn.random.draws import normal, randint, truncated_normal, uniform
    from oxhorn.random.samplers import beta, binomial, gamma
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.engine.seed_generator": "SeedGenerator",
            "oxhorn.random.choices": "categorical, dropout, shuffle",
            "oxhorn.random.draws": "normal, randint, truncated_normal, uniform",
            "oxhorn.random.samplers": "beta, binomial, gamma",
        },
    )

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]
