"""Vocabularies, and the layers that look up strings, whole numbers and words in them."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import oxhorn as keras
from oxhorn.layers import IntegerLookup, StringLookup, TextVectorization
from oxhorn.testing.reference import features as ref

WORDS = ["b", "a", "c", "b", "b", "c", "d", "é", "Z"]
TEXTS = ["The cat, the dog.", "A dog!", "", "the  end\tof a\ncat"]


def plain(config: Any) -> Any:
    return json.loads(json.dumps(config))


# Vocabularies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [None, 3, 5])
@pytest.mark.parametrize("mask", [None, "b"])
def test_adapt_counts(limit: int | None, mask: str | None) -> None:
    layer = StringLookup(max_tokens=limit, mask_token=mask)
    layer.adapt(np.array(WORDS))
    special = [mask, "[UNK]"] if mask else ["[UNK]"]
    found = ref.find_vocabulary([w for w in WORDS if w != mask], limit and limit - len(special))
    assert layer.get_vocabulary() == special + found
    assert layer.get_vocabulary(include_special_tokens=False) == found
    assert layer.vocabulary_size() == len(special) + len(found)
    np.testing.assert_array_equal(layer([WORDS]).numpy(), ref.string_lookup([WORDS], found, mask))


def test_adapt_takes_what_yields_batches() -> None:
    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            return np.array(WORDS[3 * index : 3 * index + 3])

    def generator():
        while True:
            yield from (WORDS[:3], WORDS[3:6], WORDS[6:])

    expected = ["[UNK]", *ref.find_vocabulary(WORDS)]
    for data, steps in (
        (WORDS, None),
        (tuple(WORDS), None),
        (np.array(WORDS, object), None),
        ([[w] for w in WORDS], None),
        (Batches(), None),
        (generator(), 3),
        ((WORDS[i : i + 3] for i in (0, 3, 6)), None),
    ):
        layer = StringLookup()
        layer.adapt(data, steps=steps)
        assert layer.get_vocabulary() == expected
    numbers = IntegerLookup()
    numbers.adapt(iter([[5, 5, 7], np.array([7, 7, -2])]))
    assert numbers.get_vocabulary() == [-1, 7, 5, -2]


def test_adapting_again_replaces_the_vocabulary() -> None:
    layer = StringLookup()
    layer.adapt(["x", "y"])
    assert layer(["x", "a"]).numpy().tolist() == [2, 0]
    layer.adapt(["a"])
    assert layer.get_vocabulary() == ["[UNK]", "a"]
    assert layer(["x", "a"]).numpy().tolist() == [0, 1]
    vectors = StringLookup(output_mode="count", vocabulary=["a"])
    vectors(["a"])
    with pytest.raises(RuntimeError, match="cannot be changed after the layer is called"):
        vectors.set_vocabulary(["a", "b"])


def test_a_model_takes_a_new_vocabulary() -> None:
    layer = IntegerLookup(vocabulary=[1, 2, 3])
    inputs = keras.Input((3,), dtype="int64")
    model = keras.Model(inputs, layer(inputs))
    x = np.array([[1, 2, 9]])
    assert model.predict(x, verbose=0).tolist() == model(x).numpy().tolist() == [[1, 2, 0]]
    layer.set_vocabulary([9, 8])
    assert model.predict(x, verbose=0).tolist() == model(x).numpy().tolist() == [[0, 0, 1]]


def test_a_vocabulary_may_begin_with_the_special_tokens() -> None:
    for vocabulary in (["a", "b"], ("a", "b"), np.array(["a", "b"]), ["", "[UNK]", "a", "b"], [b"a", b"b"]):
        layer = StringLookup(vocabulary=vocabulary, mask_token="")
        assert layer.get_vocabulary() == ["", "[UNK]", "a", "b"]


def test_weights_of_tokens() -> None:
    documents = [["a", "b", "a"], ["b", "c", "b"], ["b", "a", "c"]]
    layer = StringLookup(output_mode="tf_idf")
    layer.adapt(np.array(documents))
    vocabulary = layer.get_vocabulary()[1:]
    idf = ref.inverse_document_frequency(documents, vocabulary)
    np.testing.assert_allclose(layer.idf_weights, idf, rtol=1e-6)
    counts = ref.category_encoding(ref.string_lookup([["a", "?", "a"]], vocabulary), 4, "count")
    np.testing.assert_allclose(layer([["a", "?", "a"]]), counts * idf, rtol=1e-6)
    given = StringLookup(
        output_mode="tf_idf",
        vocabulary=["a", "b"],
        idf_weights=[0.2, 0.6],
        max_tokens=5,
        pad_to_max_tokens=True,
    )
    np.testing.assert_allclose(given([["a", "b", "b", "?"]]), [[0.4, 0.2, 1.2, 0, 0]], rtol=1e-6)
    texts = TextVectorization(output_mode="tf-idf")
    texts.adapt(["a b a", "b c b", "b a c"])
    np.testing.assert_allclose(texts(["a zz a"]), counts * idf, rtol=1e-6)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("one\r\nzwölf\nthree\n\n".encode())
    layer = StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "one", "zwölf", "three"]
    assert layer.get_config()["vocabulary"] is None
    assert TextVectorization(vocabulary=str(path)).get_vocabulary()[2:] == ["one", "zwölf", "three"]
    layer.save_assets(str(tmp_path))
    path.unlink()
    again = StringLookup.from_config(layer.get_config())
    again.load_assets(str(tmp_path))
    assert again.get_vocabulary() == layer.get_vocabulary()
    (tmp_path / "numbers.txt").write_text("12\n-7\n")
    assert IntegerLookup(vocabulary=str(tmp_path / "numbers.txt"))([-7, 12, 3]).numpy().tolist() == [2, 1, 0]


@pytest.mark.parametrize("cls", [StringLookup, IntegerLookup, TextVectorization])
def test_a_config_cannot_make_us_read_files(cls: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("7\n")
    config = {**cls().get_config(), "vocabulary": str(secret)}
    with pytest.raises(ValueError, match="must not make us read files"):
        cls.from_config(config)
    whole = {"module": "keras.layers", "class_name": cls.__name__, "config": config, "registered_name": None}
    with pytest.raises(ValueError, match="must not make us read files"):
        keras.layers.deserialize(whole)


# Looking up --------------------------------------------------------------------------------------------


def test_unknown_strings_share_numbers_by_their_hash() -> None:
    vocabulary, texts = ["a", "b"], [f"w{i}" for i in range(20)]
    np.testing.assert_array_equal(
        StringLookup(vocabulary=vocabulary, num_oov_indices=3, mask_token="")([*texts, "a", ""]).numpy(),
        ref.string_lookup([*texts, "a", ""], vocabulary, "", 3),
    )
    salted = StringLookup(vocabulary=vocabulary, num_oov_indices=3, salt=[3, 4])(texts).numpy()
    np.testing.assert_array_equal(salted, ref.hashing(texts, 3, [3, 4]))
    numbers = np.arange(-9, 9)
    for options, expected in (
        ({}, ref.integer_lookup(numbers, [4, -4], oov=3)),
        ({"mask_token": 0}, ref.integer_lookup(numbers, [4, -4], 0, 3)),
    ):
        layer = IntegerLookup(vocabulary=[4, -4], num_oov_indices=3, **options)
        np.testing.assert_array_equal(layer(numbers).numpy(), expected)
    hashed = IntegerLookup(vocabulary=[4], num_oov_indices=4, oov_method="farmhash")
    assert hashed([100, 200, 300, 400, 4]).numpy().tolist() == [
        3,
        1,
        3,
        1,
        4,
    ]  # TensorFlow's to_hash_bucket_fast


def test_backwards() -> None:
    layer = StringLookup(vocabulary=["a", "b"], invert=True, mask_token="")
    assert layer([[2, 3, 0], [1, 9, -1]]).tolist() == [["a", "b", ""], ["[UNK]"] * 3]
    numbers = IntegerLookup(vocabulary=[10, 20], invert=True)
    assert numbers([1, 2, 0, 9, -1]).numpy().tolist() == [10, 20, -1, -1, -1]
    there, back = StringLookup(vocabulary=WORDS[:3]), StringLookup(vocabulary=WORDS[:3], invert=True)
    assert back(there(["c", "?"])).tolist() == ["c", "[UNK]"]


@pytest.mark.parametrize("x", [2, [2], [1, 9], [[1], [9]], [[1, 2], [3, 0]], [[[1, 2], [3, 0]]]])
@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_vectors(x: Any, mode: str) -> None:
    numbers = IntegerLookup(vocabulary=[1, 2, 3], output_mode=mode)
    strings = StringLookup(vocabulary=["1", "2", "3"], output_mode=mode)
    places = ref.integer_lookup(np.array(x), [1, 2, 3])
    expected = places if mode == "int" else ref.category_encoding(places if np.ndim(x) else [places], 4, mode)
    expected = expected[0] if np.ndim(x) == 0 and mode == "one_hot" else expected
    for y in (numbers(x), strings(np.array(x).astype(str))):
        assert y.dtype == ("int64" if mode == "int" else "float32")
        np.testing.assert_array_equal(y.numpy(), expected)
    assert strings.compute_output_shape(np.shape(x)) == expected.shape


# Text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ngrams", [None, 2, (1, 3)])
@pytest.mark.parametrize("length", [None, 3, 9])
def test_words(ngrams: Any, length: int | None) -> None:
    widths = (1,) if ngrams is None else range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
    layer = TextVectorization(ngrams=ngrams, output_sequence_length=length)
    layer.adapt(TEXTS)
    vocabulary = ref.find_vocabulary([word for text in TEXTS for word in ref.words(text, widths)])
    assert layer.get_vocabulary() == ["", "[UNK]", *vocabulary]
    expected = ref.text_vectorization([*TEXTS, "a cat unseen"], vocabulary, length, widths)
    for texts in ([*TEXTS, "a cat unseen"], np.array([*TEXTS, "a cat unseen"])[:, None]):
        np.testing.assert_array_equal(layer(texts).numpy(), expected)
    np.testing.assert_array_equal(
        layer("a cat unseen").numpy(), ref.text_vectorization(["a cat unseen"], vocabulary, length, widths)[0]
    )


def test_ways_to_split_and_standardize() -> None:
    def vocabulary(texts: list[str], **options: Any) -> list[str]:
        layer = TextVectorization(**options)
        layer.adapt(texts)
        return sorted(layer.get_vocabulary()[2:])

    assert vocabulary(["Ab, É"], standardize=None) == ["Ab,", "É"]
    assert vocabulary(["Ab, É"], standardize="lower") == ["ab,", "É"]
    assert vocabulary(["Ab, É"], standardize="strip_punctuation") == ["Ab", "É"]
    assert vocabulary(["ab é"], split="character") == [" ", "a", "b", "é"]
    assert vocabulary(["a\u00a0b c\x0bd"]) == ["a\u00a0b", "c", "d"]
    assert vocabulary(["A b", "c"], split=None) == ["a b", "c"]
    seen: list[Any] = []

    def shout(texts: Any) -> Any:
        seen.append((texts.dtype.kind, texts.shape))
        return np.char.upper(texts)

    assert vocabulary(["a-b", "b"], standardize=shout, split=lambda t: np.char.split(t, "-")) == ["A", "B"]
    assert seen == [("U", (2, 1))]


def test_vectors_of_texts() -> None:
    layer = TextVectorization(
        output_mode="count", vocabulary=["foo", "bar"], max_tokens=5, pad_to_max_tokens=True
    )
    assert layer(["foo bar foo ?", "x y", ""]).numpy().tolist() == [[0, 2, 1, 0, 0], [2, 0, 0, 0, 0], [0] * 5]
    layer = TextVectorization(output_mode="binary", vocabulary=["foo", "bar"])
    assert layer([["foo foo"], ["x bar"]]).numpy().tolist() == [[0, 1, 0], [1, 0, 1]]
    assert layer(keras.Input((), dtype="string")).shape == (None, 3)
    assert TextVectorization(output_sequence_length=7)(keras.Input((1,), dtype="string")).shape == (None, 7)


# Configs and copies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        StringLookup(vocabulary=["a", "b"], mask_token="[M]", salt=3, num_oov_indices=2),
        StringLookup(vocabulary=["a"], idf_weights=[0.5], output_mode="tf_idf", dtype="float64"),
        IntegerLookup(vocabulary=np.array([3, 1]), mask_token=0, output_mode="count"),
        TextVectorization(vocabulary=["a"], ngrams=(1, 2), output_sequence_length=4),
        TextVectorization(
            max_tokens=9, output_mode="multi_hot", pad_to_max_tokens=True, standardize=None, split=None
        ),
    ],
    ids=lambda layer: layer.name,
)
def test_config_round_trip(layer: Any) -> None:
    config = plain(layer.get_config())
    again = type(layer).from_config(config)
    assert plain(again.get_config()) == config
    assert again.get_vocabulary() == layer.get_vocabulary()


def test_copies_keep_what_was_found() -> None:
    layer = TextVectorization(output_mode="tf_idf")
    layer.adapt(TEXTS)
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert again.get_vocabulary() == layer.get_vocabulary()
        np.testing.assert_array_equal(again(TEXTS), layer(TEXTS))


# Bad input ---------------------------------------------------------------------------------------------

A = {"vocabulary": ["a"]}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StringLookup()(["a"]), "has no vocabulary.*adapt"),
        (
            lambda: TextVectorization(name="words")(["a"]),
            "^TextVectorization 'words' has no vocabulary.*adapt",
        ),
        (lambda: IntegerLookup(output_mode="count")([1]), "When using `output_mode=count` and"),
        (lambda: StringLookup(max_tokens=1), "must be greater than 1"),
        (lambda: StringLookup(max_tokens=2.5), "max_tokens"),
        (lambda: StringLookup(num_oov_indices=-1), "greater than or equal to 0"),
        (lambda: StringLookup(pad_to_max_tokens=True), "must set `max_tokens`"),
        (lambda: StringLookup(output_mode="two_hot"), "Unknown value for `output_mode`"),
        (lambda: StringLookup(invert=True, output_mode="count"), "must be `'int'` when `invert` is true"),
        (lambda: StringLookup(sparse=True), "`sparse` may only be true"),
        (lambda: StringLookup(sparse=True, output_mode="count"), "not supported"),
        (lambda: StringLookup(idf_weights=[1.0]), "should only be set if `output_mode`"),
        (lambda: StringLookup(**A, output_mode="tf_idf"), "must also be provided"),
        (lambda: StringLookup(**A, output_mode="tf_idf", idf_weights=[1, 2]), "same length"),
        (lambda: StringLookup(vocabulary=[]), "empty vocabulary"),
        (lambda: StringLookup(vocabulary=["a", "a"]), "repeated term"),
        (lambda: StringLookup(vocabulary=["a", "m"], mask_token="m"), "reserved mask token"),
        (lambda: StringLookup(vocabulary=["a", "o"], oov_token="o", invert=True), "reserved OOV token"),
        (lambda: StringLookup(vocabulary=["a", "b"], max_tokens=2), "larger than the maximum"),
        (lambda: StringLookup(vocabulary="no/such/file"), "Vocabulary file no/such/file does not exist"),
        (lambda: StringLookup(vocabulary=[1, 2]), "expected text"),
        (lambda: StringLookup(encoding="utf-99"), "encoding"),
        (lambda: StringLookup(salt="x"), "tuple of size 2"),
        (lambda: StringLookup(colour=1), "Unrecognized keyword argument"),
        (lambda: StringLookup(**A)([1]), "expected text"),
        (lambda: StringLookup(**A)([["a"], ["a", "b"]]), "different lengths"),
        (lambda: StringLookup(**A)(np.array(["a", None], object)), "expected text"),
        (lambda: StringLookup(**A)(np.array([b"\xff"])), "no utf-8"),
        (lambda: StringLookup(**A, num_oov_indices=0)(["a", "b"]), "must be in the vocabulary"),
        (lambda: StringLookup(**A).adapt(["a"]), "Cannot adapt layer"),
        (lambda: StringLookup().adapt(iter(())), "empty iterable"),
        (lambda: StringLookup().adapt({"a": 1}), "Unsupported data type"),
        (lambda: StringLookup().adapt(5), "Unsupported data type"),
        (lambda: StringLookup().adapt(["[UNK]"]), "no token"),
        (lambda: IntegerLookup(vocabulary=["a"]), "integer"),
        (lambda: IntegerLookup(vocabulary=[1.5]), "integer"),
        (lambda: IntegerLookup(vocabulary_dtype="int32"), "vocabulary_dtype"),
        (lambda: IntegerLookup(oov_method="md5"), "oov_method"),
        (lambda: IntegerLookup(salt=3), "farmhash"),
        (lambda: IntegerLookup(vocabulary=[1], num_oov_indices=0)([1, 2]), "must be in the vocabulary"),
        (lambda: IntegerLookup().adapt(np.array(["a"])), "StringLookup"),
        (lambda: TextVectorization(standardize="upper"), "Unknown value for `standardize`"),
        (lambda: TextVectorization(split="lines"), "Unknown value for `split`"),
        (lambda: TextVectorization(ngrams=0), "`ngrams` must be"),
        (lambda: TextVectorization(ngrams="2"), "`ngrams` must be"),
        (lambda: TextVectorization(output_mode="count", output_sequence_length=3), "must not be set"),
        (lambda: TextVectorization(output_sequence_length=0), "output_sequence_length"),
        (lambda: TextVectorization(ragged=True), "not supported"),
        (lambda: TextVectorization(**A)([["a", "b"]]), "input rank must be 1"),
        (lambda: TextVectorization(**A)(np.zeros((2, 1))), "expected text"),
        (lambda: TextVectorization(**A, standardize=lambda x: x[:0])(["a"]), "array of the shape"),
        (lambda: TextVectorization(**A, split=lambda x: [])(["a"]), "tokens of each"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
        make()
