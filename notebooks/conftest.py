"""Notebooks that need data which cannot be had here are skipped, and the summary says so."""

from __future__ import annotations

import contextlib
import io

import pytest

from oxhorn import datasets

NEEDS = {
    "02_mnist_deep_network.ipynb": (datasets.mnist, datasets.fashion_mnist),
    "05_reusing_layers.ipynb": (datasets.mnist,),
    "06_classifying_clothes.ipynb": (datasets.fashion_mnist,),
    "07_judging_reviews.ipynb": (datasets.movie_reviews,),
    "08_fuel_use.ipynb": (datasets.auto_mpg,),
    "09_overfitting.ipynb": (datasets.movie_reviews, datasets.mnist),
    "10_why_deep_networks_learn.ipynb": (datasets.mnist,),
    "11_optimizers_and_learning_rates.ipynb": (datasets.mnist,),
    "12_convolution.ipynb": (datasets.mnist,),
    "13_architectures.ipynb": (datasets.fashion_mnist,),
    "16_regularization_and_dropout.ipynb": (datasets.mnist,),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for module in NEEDS.get(item.path.name, ()):
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    module.load_data()
            except FileNotFoundError:
                reason = f"{item.path.name} needs {module.__name__}, which is not here: run `make data`"
                item.add_marker(pytest.mark.skip(reason=reason))
