"""Where the time of a training step goes, op by op: `python benches/op_times.py resnet20 [--predict]`."""

from __future__ import annotations

import argparse
import time

import numpy as np
from workloads import WORKLOADS

import oxhorn as keras
from oxhorn import _core


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", choices=list(WORKLOADS))
    parser.add_argument("--predict", action="store_true", help="profile predict instead of fit")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=30, help="so many of the dearest steps")
    arguments = parser.parse_args()

    workload = WORKLOADS[arguments.workload]
    x, y = workload.data(np.random.default_rng(0), workload.batch * workload.steps)
    model = workload.build(keras)

    def run() -> None:
        for _ in range(arguments.epochs):
            if arguments.predict:
                model.predict(x, batch_size=workload.batch, verbose=0)
            else:
                model.fit(x, y, batch_size=workload.batch, verbose=0)

    run()
    start = time.perf_counter()
    run()
    plain = time.perf_counter() - start
    _core.profile(True)
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    times = _core.profile(False)
    steps = arguments.epochs * workload.steps
    known = sum(total for _, _, total in times)
    print(
        f"{1e3 * plain / steps:.3f} ms a step; {1e3 * seconds / steps:.3f} ms profiled, "
        f"{100 * known / seconds:.0f} % of it in steps"
    )
    for name, runs, total in sorted(times, key=lambda row: -row[2])[: arguments.rows]:
        each = 1e3 * total / steps
        print(f"{each:9.4f} ms {100 * total / known:5.1f} % {runs / steps:6.2f} x  {name}")


if __name__ == "__main__":
    main()
