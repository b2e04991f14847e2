"""Each kind of bad file that the project knows of has a test, here or in the tests of single readers."""

from __future__ import annotations

import importlib

import pytest

from tests.saving.hostile.table import ROOT

# What each kind of bad file is, and the tests for it, in modules named from here.
LINES = {
    1: (
        "cut off",
        [".test_any_file:test_cut_and_foreign_files", "..test_snapshot_file:test_cut_off_at_every_byte"],
    ),
    2: ("wrong magic", [".test_any_file:test_cut_and_foreign_files"]),
    3: (
        "bombs",
        [".test_archives:test_archives", ".test_configs:test_json", "..test_archive_hostile:test_bombs"],
    ),
    4: (
        "declared shapes",
        [".test_trees:test_trees_in_hdf5_files", ".test_safetensors:test_headers_of_safetensors"],
    ),
    5: (
        "dtype and shape against bytes",
        [".test_safetensors:test_headers_of_safetensors", "...interop.test_hostile_files:test_windows"],
    ),
    6: (
        "offsets",
        [
            ".test_safetensors:test_headers_of_safetensors",
            "..test_archive_hostile:test_members_that_overlap",
            "..test_archive_hostile:test_members_before_the_file",
        ],
    ),
    7: ("keys twice", [".test_configs:test_json"]),
    8: ("members twice", ["..test_archive_hostile:test_members_that_occur_twice"]),
    9: (
        "names",
        [".test_archives:test_archives", "..test_archive_hostile:test_names_that_are_special_somewhere"],
    ),
    10: (
        "ways out of HDF5",
        [".test_trees:test_trees_in_hdf5_files", ".test_trees:test_trees_in_the_editor"],
    ),
    11: ("links in archives", ["..test_archive_hostile:test_links_and_encryption"]),
    12: ("unknown classes and modules", [".test_configs:test_gadgets_in_configs"]),
    13: (
        "code",
        [".test_configs:test_gadgets_in_configs", "...interop.test_hostile_pickles:test_what_exploits_do"],
    ),
    14: ("nesting", [".test_configs:test_json", ".test_configs:test_configs_that_take_long"]),
    15: (
        "numbers and types",
        [
            ".test_configs:test_json",
            ".test_configs:test_values_that_have_no_place_there",
            ".test_snapshots:test_forged_states",
            "..test_archive_hostile:test_sizes_in_configs",
        ],
    ),
    16: ("texts that take long", [".test_configs:test_json", ".test_configs:test_configs_that_take_long"]),
    17: ("paths in configs", [".test_configs:test_gadgets_in_configs"]),
    18: ("other weights", [".test_trees:test_trees_in_hdf5_files", "..test_legacy_hostile:test_trees"]),
    19: (
        "replaced while read, not whole",
        [
            "..test_snapshot_file:test_replaced_while_it_is_read",
            "...interop.test_hostile_files:test_a_file_that_is_replaced_while_it_is_read",
            "..test_snapshot_file:test_no_permission",
            "..test_snapshot_file:test_a_full_disk_keeps_the_old_file",
            "..test_archive:test_an_error_while_saving_keeps_the_old_file",
        ],
    ),
    20: (
        "np.load",
        [
            "...reuse.test_feature_files:test_damaged_files_are_computed_again",
            ".test_every_line:test_np_load_takes_no_pickles",
        ],
    ),
}


def test_np_load_takes_no_pickles() -> None:
    calls = []
    for path in (ROOT / "python" / "oxhorn").rglob("*.py"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if "np.load(" in line:
                calls.append(f"{path.name}:{number}")
                assert "allow_pickle=False" in line, calls[-1]
            assert "allow_pickle=True" not in line, f"{path.name}:{number}"
    assert calls


@pytest.mark.parametrize("line", range(1, 21))
def test_every_line_has_its_tests(line: int) -> None:
    kind, tests = LINES[line]
    assert kind and tests
    for name in tests:
        module, _, function = name.partition(":")
        assert callable(getattr(importlib.import_module(module, "tests.saving.hostile"), function)), name
