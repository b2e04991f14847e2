"""Data sets for learning and testing."""

from oxhorn.datasets import auto_mpg, boston_housing, digits, fashion_mnist, mnist

__all__ = ["auto_mpg", "boston_housing", "digits", "fashion_mnist", "mnist"]
