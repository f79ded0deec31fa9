"""Who was friends with whom in a karate club that fell apart."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Field, Samples
from nnlab.core.param import param

MEMBERS = 34
FRIENDS: dict[int, tuple[int, ...]] = {
    0: (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31),
    1: (2, 3, 7, 13, 17, 19, 21, 30),
    2: (3, 7, 8, 9, 13, 27, 28, 32),
    3: (7, 12, 13),
    4: (6, 10),
    5: (6, 10, 16),
    6: (16,),
    8: (30, 32, 33),
    9: (33,),
    13: (33,),
    14: (32, 33),
    15: (32, 33),
    18: (32, 33),
    19: (33,),
    20: (32, 33),
    22: (32, 33),
    23: (25, 27, 29, 32, 33),
    24: (25, 27, 31),
    25: (31,),
    26: (29, 33),
    27: (33,),
    28: (31, 33),
    29: (32, 33),
    30: (32, 33),
    31: (32, 33),
    32: (33,),
}
"""Each friendship once, under the member with the smaller number."""
WITH_THE_TEACHER = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21)
TEACHER, OFFICER = 0, 33
BONDS = tuple((one, other) for one, others in FRIENDS.items() for other in others)


@DATASETS.register("karate-club")
@dataclass(frozen=True)
class KarateClub(Dataset):
    """34 members of a karate club and their 78 friendships; after a quarrel everybody went with the teacher or the officer.

    Only these two are known to the network; for the other 32 it has to find out from their friends. Watched by Wayne
    Zachary in the 1970s, at an American university. Known and asked are two rows with the same graph.
    """

    title = "Friends' club"
    category = "Graphs"

    friendships: bool = param(
        True, "Whether it is known who is friends with whom. Without it nothing can be found out."
    )

    def spec(self) -> DataSpec:
        """Who is who, who is friends with whom, and one of two sides for each member."""
        return DataSpec(
            (MEMBERS, MEMBERS),
            "classes",
            answers=("Teacher", "Officer"),
            rows=2,
            name="members",
            more=(Field("friendships", (2, 2 * len(BONDS)), "e"),),
            target_name="side",
            target_shape=(MEMBERS,),
            split=(1, 1, 0),
        )

    def make(self) -> Samples:
        """The graph twice: once with the two known sides, once with all others."""
        sides = np.ones(MEMBERS, np.int64)
        sides[list(WITH_THE_TEACHER)] = 0
        known = np.isin(np.arange(MEMBERS), (TEACHER, OFFICER))
        there = np.array(BONDS, np.int64).T
        both_ways = np.concatenate([there, there[::-1]], axis=1)
        edges = both_ways if self.friendships else np.full_like(both_ways, -1)
        members = np.eye(MEMBERS, dtype=np.float32)
        targets = np.stack([np.where(known, sides, -1), np.where(known, -1, sides)])
        return Samples(np.stack([members] * 2), targets, more=(np.stack([edges] * 2),))
