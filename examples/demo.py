"""A network learns to read handwritten digits: run by `make demo`."""

from __future__ import annotations

import time

import numpy as np

import oxhorn as keras

SHADES = " .:-=+*#%@"


def build() -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ],
        name="digit_reader",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def draw(images: np.ndarray, captions: list[str]) -> str:
    """Images side by side, two characters a pixel, each with a caption below."""
    lines = []
    for row in range(images.shape[1]):
        cells = [
            "".join(SHADES[min(int(p * len(SHADES)), 9)] * 2 for p in image[row, :, 0]) for image in images
        ]
        lines.append("  ".join(cells))
    lines.append("  ".join(caption.center(2 * images.shape[2]) for caption in captions))
    return "\n".join(lines)


def main() -> None:
    keras.utils.set_random_seed(7)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = (x[..., None].astype("float32") / 16 for x in (x_train, x_test))

    model = build()
    model.summary()

    print(f"\nTraining on {len(x_train)} images of handwritten digits, 8 x 8 pixels each.")
    start = time.perf_counter()
    history = model.fit(x_train, y_train, batch_size=32, epochs=20, validation_split=0.1)
    seconds = time.perf_counter() - start

    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    steps = len(history.epoch) * -(-int(0.9 * len(x_train)) // 32)
    print(f"\nTraining took {seconds:.1f} s: {steps} steps, {1e3 * seconds / steps:.2f} ms each.")
    print(f"Of {len(x_test)} images it has never seen, it reads {accuracy:.1%} correctly.\n")

    probabilities = model.predict(x_test, verbose=0)
    guesses, certainty = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right, wrong = np.flatnonzero(guesses == y_test), np.flatnonzero(guesses != y_test)
    shown = [*right[:3], *wrong[:2]]
    captions = [
        f"{guesses[i]} ({certainty[i]:.0%})"
        if guesses[i] == y_test[i]
        else f"{guesses[i]}? it is {y_test[i]}"
        for i in shown
    ]
    print("What it says to some of them, the last ones being mistakes if it made any:\n")
    print(draw(x_test[shown], captions))


if __name__ == "__main__":
    main()
