"""Random numbers: the same seed gives the same numbers on every machine, for any number of threads."""

from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.random.choices import categorical, dropout, shuffle
from oxhorn.random.draws import normal, randint, truncated_normal, uniform
from oxhorn.random.samplers import beta, binomial, gamma

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
