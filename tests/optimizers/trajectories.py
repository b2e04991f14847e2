"""The rows of optimizers, and what they are run on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import oxhorn as keras

Arguments = dict[str, Any]

RULES: list[tuple[str, Arguments]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.3, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-5}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 1e-3}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.7, "epsilon": 1e-2}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.8, "beta_2": 0.6, "epsilon": 1e-3}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.7, "beta_2": 0.95, "epsilon": 1e-4}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.6, "l2_regularization_strength": 0.1, "beta": 0.2}),
    (
        "Ftrl",
        {
            "learning_rate_power": -0.3,
            "initial_accumulator_value": 0.5,
            "l2_shrinkage_regularization_strength": 0.05,
        },
    ),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.8}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adafactor", {}),
    (
        "Adafactor",
        {"beta_2_decay": -0.5, "clip_threshold": 0.5, "epsilon_2": 0.1, "relative_step": False},
    ),
    ("Muon", {}),
    (
        "Muon",
        {"nesterov": False, "rms_rate": None, "ns_steps": 3, "momentum": 0.8, "adam_lr_ratio": 0.5},
    ),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"beta_1": 0.8, "warmup_steps": 12}),
    ("ASGD", {}),
    ("ASGD", {"lambd": 0.1, "alpha": 0.5, "t0": 20}),
    ("Rprop", {}),
    ("Rprop", {"etas": (0.7, 1.1), "step_sizes": (0.01, 0.2)}),
    ("SparseAdam", {}),
    ("SparseAdam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}),
]
ALL_AROUND: Arguments = {
    "clipnorm": 0.5,
    "weight_decay": 0.05,
    "use_ema": True,
    "ema_momentum": 0.9,
    "ema_overwrite_frequency": 5,
    "gradient_accumulation_steps": 3,
}
COMMON: list[Arguments] = [
    {},
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 0.7},
    {"weight_decay": 0.05},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 2},
    ALL_AROUND,
]
CASES = [
    (name, {**rule, **common}) for name, rule in RULES for common in COMMON if not set(rule) & set(common)
]
SHAPES = [(4, 3), (3,), (), (2, 17, 3)]


def start(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=s) for s in SHAPES]


def gradients(step: int) -> list[np.ndarray]:
    rng = np.random.default_rng(100 + step)
    return [rng.normal(size=s) * 10.0 ** rng.uniform(-2, 1) for s in SHAPES]


def variables(values: list[np.ndarray], dtype: str = "float64", rows: bool = False) -> list[keras.Variable]:
    """Variables of these values; with `rows`, as if layers looked up their rows."""
    made = [keras.Variable(v.astype(dtype), dtype=dtype, name=f"w{i}") for i, v in enumerate(values)]
    for variable in made if rows else ():
        variable.looked_up_by_row = True
    return made


def make(name: str, arguments: Arguments) -> Any:
    return getattr(keras.optimizers, name)(learning_rate=0.0625, **arguments)


# Keras's own numbers, and PyTorch's for the rules that only it has: weights after 11 and 50 steps in float64, from
# these weights with these gradients.
PEER_SHAPES = [(3, 2), (4,)]
PEER_ROWS: list[dict[str, Any]] = [
    row
    for file in ("keras_trajectories.json", "torch_trajectories.json")
    for row in json.loads(Path(__file__).with_name(file).read_text(encoding="utf-8"))
]


def peer_start() -> list[np.ndarray]:
    return [np.linspace(-1, 1, int(np.prod(s))).reshape(s) for s in PEER_SHAPES]


def peer_gradients(step: int) -> list[np.ndarray]:
    return [
        np.cos(0.7 * (step + 1) * (i + 1 + np.arange(np.prod(s)))).reshape(s) * (1.5 - i)
        for i, s in enumerate(PEER_SHAPES)
    ]
