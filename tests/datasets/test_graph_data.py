"""Graphs: molecules that keep to their valences, and the karate club."""

from functools import lru_cache

import numpy as np
import pytest

from nnlab.core.dataset import Samples
from nnlab.core.document import Data
from nnlab.core.parts import divide
from nnlab.datasets import karate_club
from nnlab.datasets.molecules import ATOMS, SIZES, VALENCE, Molecule, Molecules, molecule, value


@lru_cache
def made() -> Samples:
    return Molecules().make()


def edges_of(row: int) -> list[tuple[int, int]]:
    columns = made().more[0][row]
    return [(int(a), int(b)) for a, b in columns.T if a >= 0]


def atoms_of(row: int) -> list[int]:
    return [int(np.argmax(atom)) for atom in made().inputs[row] if atom.any()]


ROWS = range(0, sum(SIZES), 7)


def test_molecules_have_the_sizes_of_the_table() -> None:
    assert Molecules().spec().split == (2000, 400, 400)
    assert {len(atoms_of(row)) for row in ROWS} == set(range(6, 13))


@pytest.mark.parametrize("row", range(0, 2800, 400))
def test_padding_stands_at_the_end(row: int) -> None:
    atoms, bonds = made().inputs[row], made().more[0][row]
    assert set(atoms.sum(1)) <= {0.0, 1.0}
    for there in (atoms.any(1), (bonds >= 0).all(0)):
        assert (np.diff(there.astype(int)) <= 0).all()
    assert ((bonds >= 0).all(0) | (bonds == -1).all(0)).all()


def test_every_bond_goes_both_ways_and_no_atom_has_more_than_it_can() -> None:
    for row in ROWS:
        edges, atoms = edges_of(row), atoms_of(row)
        assert len(set(edges)) == len(edges), "no bond twice"
        assert all((b, a) in edges and a != b for a, b in edges)
        degree = np.bincount([a for a, _ in edges], minlength=len(atoms))
        assert all(1 <= degree[k] <= VALENCE[kind] for k, kind in enumerate(atoms))


def test_every_molecule_hangs_together_and_has_at_most_two_rings_of_five_or_six() -> None:
    seen = set()
    for seed in range(300):
        one = molecule(np.random.default_rng(seed))
        assert max(one.distances(0)) < len(one.atoms)  # every atom is reached
        rings = len(one.bonds) - len(one.atoms) + 1
        seen.add(rings)
        for k in range(rings):
            a, b = one.bonds[len(one.bonds) - rings + k]
            before = Molecule(one.atoms, one.bonds[: len(one.bonds) - rings + k])
            assert before.distances(a)[b] in (4, 5)
    assert seen == {0, 1, 2}


def test_the_property_of_molecules_worked_out_by_hand() -> None:
    carbon, nitrogen, oxygen, fluorine = range(4)
    chain = Molecule([carbon, nitrogen, oxygen, carbon, carbon, fluorine], [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)])
    # three carbons, nitrogen with a free place (oxygen has none), one N-O bond, one fluorine
    assert value(chain) == pytest.approx(3 * 0.5 - 0.9 + 1 + 0.3)
    ring = Molecule([carbon] * 5 + [oxygen], [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 5)])
    assert value(ring) == pytest.approx(5 * 0.5 - 0.9 + 0.8 - 0.5)


def test_atoms_come_about_as_often_as_they_should() -> None:
    shares = made().inputs.sum((0, 1)) / made().inputs.sum()
    assert np.allclose(shares, (0.6, 0.15, 0.17, 0.08), atol=0.06)  # trees that ran out of places are drawn anew
    assert len(ATOMS) == 4


def test_the_property_is_standard_on_the_training_part_and_counting_atoms_explains_less_than_half() -> None:
    train, test = slice(0, SIZES[0]), slice(SIZES[0] + SIZES[1], None)
    y = made().targets[:, 0].astype(np.float64)
    assert y[train].mean() == pytest.approx(0, abs=1e-5)
    assert y[train].std() == pytest.approx(1, abs=1e-5)
    counts = np.concatenate([made().inputs.sum(1), np.ones((len(y), 1))], axis=1).astype(np.float64)
    fitted = counts[test] @ np.linalg.lstsq(counts[train], y[train], rcond=None)[0]
    r2 = 1 - ((y[test] - fitted) ** 2).sum() / ((y[test] - y[test].mean()) ** 2).sum()
    assert 0.2 < r2 <= 0.5


# ------------------------------------------------------------------- karate club


def test_the_club_has_78_friendships_and_two_sides_of_17() -> None:
    bonds = karate_club.BONDS
    assert len(bonds) == len(set(bonds)) == 78
    assert all(0 <= a < b < 34 for a, b in bonds)
    degree = np.bincount(np.ravel(bonds), minlength=34)
    assert (degree[0], degree[33], degree[32], degree.min()) == (16, 17, 12, 1)
    assert len(karate_club.WITH_THE_TEACHER) == 17


def test_two_members_are_known_and_the_other_32_are_asked() -> None:
    parts = divide(Data(dataset=karate_club.KarateClub(), standardise=False))
    assert parts.rows == (1, 1, 0)
    known, asked = parts.train.targets[0], parts.validation.targets[0]
    assert np.flatnonzero(known >= 0).tolist() == [0, 33]
    assert known[[0, 33]].tolist() == [0, 1]
    assert np.flatnonzero(asked < 0).tolist() == [0, 33]
    members, edges = parts.spec.unpack(parts.train.inputs)
    assert np.array_equal(members[0], np.eye(34))
    one_way, other_way = edges[0][:, :78], edges[0][:, 78:]
    assert np.array_equal(one_way, other_way[::-1])
    assert np.array_equal(parts.train.inputs, parts.validation.inputs)


def test_without_friendships_there_is_no_edge() -> None:
    assert (karate_club.KarateClub(friendships=False).make().more[0] == -1).all()
