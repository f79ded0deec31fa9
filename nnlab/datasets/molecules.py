"""Small made-up molecules, and a property that depends on how their atoms are joined."""

from dataclasses import dataclass, field

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Field, Samples
from nnlab.core.param import param

SET = 38
SIZES = (2000, 400, 400)
FEWEST, MOST, CLOSURES = 6, 12, 2
BONDS = MOST - 1 + CLOSURES

ATOMS = ("Carbon", "Nitrogen", "Oxygen", "Fluorine")
CARBON, NITROGEN, OXYGEN, FLUORINE = range(4)
VALENCE = (4, 3, 2, 1)
ODDS = (0.6, 0.15, 0.17, 0.08)
RING_APART = (4, 5)  # bonds between two atoms that a new bond makes a ring of


@dataclass(frozen=True)
class Molecule:
    """Atoms by kind, and the bonds between them, each once."""

    atoms: list[int] = field(default_factory=list)
    bonds: list[tuple[int, int]] = field(default_factory=list)

    def degrees(self) -> list[int]:
        """How many bonds each atom has."""
        found = [0] * len(self.atoms)
        for bond in self.bonds:
            for atom in bond:
                found[atom] += 1
        return found

    def free(self) -> list[int]:
        """Atoms that can take one more bond."""
        return [k for k, degree in enumerate(self.degrees()) if degree < VALENCE[self.atoms[k]]]

    def distances(self, start: int) -> list[int]:
        """Bonds from this atom to each other one, by the shortest way."""
        found = {start: 0}
        edge = [start]
        while edge:
            near = {b for a in edge for bond in self.bonds if a in bond for b in bond} - found.keys()
            found.update(dict.fromkeys(near, found[edge[0]] + 1))
            edge = sorted(near)
        return [found[k] for k in range(len(self.atoms))]


@DATASETS.register("molecules")
@dataclass(frozen=True)
class Molecules(Dataset):
    """Made-up molecules of 6 to 12 atoms as graphs, and how strongly each would dissolve, by a rule of our own.

    Carbon and rings add to it; nitrogen and oxygen with a free place, branches take away from it; a bond between nitrogen
    and oxygen adds. Counting atoms is not enough: the network has to look at who is joined to whom.
    """

    title = "Molecules"
    category = "Graphs"

    seed: int = param(0, "Which random molecules.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Atoms (rows of zeros where there are fewer than twelve), bonds both ways, and one value."""
        return DataSpec(
            (MOST, len(ATOMS)),
            "values",
            inputs=ATOMS,
            answers=("Property",),
            rows=sum(SIZES),
            name="atoms",
            more=(Field("bonds", (2, 2 * BONDS), "e"),),
            target_name="property",
            split=SIZES,
        )

    def make(self) -> Samples:
        """Three parts, drawn apart; the property has mean 0 and spread 1 on the training part."""
        rows = sum(SIZES)
        atoms, values = np.zeros((rows, MOST, len(ATOMS)), np.float32), np.zeros(rows)
        bonds = np.full((rows, 2, 2 * BONDS), -1, np.int64)
        at = 0
        for k, part in enumerate(SIZES):
            rng = np.random.default_rng([SET, k, self.seed])
            for row in range(at, at + part):
                one = molecule(rng)
                atoms[row, range(len(one.atoms)), one.atoms] = 1
                both_ways = [*one.bonds, *((b, a) for a, b in one.bonds)]
                bonds[row, :, : len(both_ways)] = np.array(both_ways).T
                values[row] = value(one)
            at += part
        train = values[: SIZES[0]]
        standard = ((values - train.mean()) / train.std()).astype(np.float32)
        return Samples(atoms, standard[:, None], more=(bonds,))


def molecule(rng: np.random.Generator) -> Molecule:
    """A random tree that keeps to the valences, with up to two rings closed."""
    one = _tree(rng, int(rng.integers(FEWEST, MOST + 1)))
    for _ in range(int(rng.integers(0, CLOSURES + 1))):
        free = one.free()
        pairs = [
            (a, b)
            for a in free
            for b, apart in enumerate(one.distances(a))
            if a < b and b in free and apart in RING_APART
        ]
        if pairs:
            one.bonds.append(pairs[rng.integers(0, len(pairs))])
    return one


def value(one: Molecule) -> float:
    """The property, before it is scaled."""
    degrees, atoms = one.degrees(), one.atoms
    donors = sum(kind in (NITROGEN, OXYGEN) and degrees[k] < VALENCE[kind] for k, kind in enumerate(atoms))
    branches = sum(degree >= 3 for degree in degrees)
    rings = len(one.bonds) - len(atoms) + 1
    between = sum({atoms[a], atoms[b]} == {NITROGEN, OXYGEN} for a, b in one.bonds)
    return (
        0.5 * atoms.count(CARBON) - 0.9 * donors + 0.8 * rings - 0.5 * branches + between + 0.3 * atoms.count(FLUORINE)
    )


def _tree(rng: np.random.Generator, size: int) -> Molecule:
    """Atom by atom, each hung onto one with a free place; begun anew where no place is left."""
    while True:
        kinds = rng.choice(len(ATOMS), size, p=ODDS).tolist()
        one, places = Molecule(kinds), [VALENCE[kinds[0]]]
        for atom in range(1, size):
            free = [k for k, left in enumerate(places) if left]
            if not free:
                break
            holder = free[rng.integers(0, len(free))]
            one.bonds.append((holder, atom))
            places[holder] -= 1
            places.append(VALENCE[kinds[atom]] - 1)
        else:
            return one
