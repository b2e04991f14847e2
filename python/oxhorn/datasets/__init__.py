"""Data sets for learning and testing."""

from typing import TYPE_CHECKING

from oxhorn import lazy

if TYPE_CHECKING:
    from oxhorn.datasets import auto_mpg as auto_mpg
    from oxhorn.datasets import boston_housing as boston_housing
    from oxhorn.datasets import california_housing as california_housing
    from oxhorn.datasets import cifar10 as cifar10
    from oxhorn.datasets import cifar100 as cifar100
    from oxhorn.datasets import digits as digits
    from oxhorn.datasets import fashion_mnist as fashion_mnist
    from oxhorn.datasets import imdb as imdb
    from oxhorn.datasets import mnist as mnist
    from oxhorn.datasets import movie_reviews as movie_reviews
    from oxhorn.datasets import reuters as reuters
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "oxhorn.datasets": (
                "auto_mpg, boston_housing, california_housing, cifar10, cifar100, digits, fashion_mnist, "
                "imdb, mnist, movie_reviews, reuters"
            ),
        },
    )

__all__ = [
    "auto_mpg",
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "imdb",
    "mnist",
    "movie_reviews",
    "reuters",
]
