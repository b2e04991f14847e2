"""Random numbers: the same seed gives the same numbers on every machine, for any number of threads."""

from oxhorn.engine.seed_generator import SeedGenerator
from oxhorn.random.choices import categorical, dropout, shuffle
from oxhorn.random.draws import normal, randint, truncated_normal, uniform

__all__ = [
    "SeedGenerator",
    "categorical",
    "dropout",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]
