"""Shapes are whole, and face outwards: light falls on them from outside."""

import numpy as np
import pytest

from jobs.cake.meshes import candles, piping, plates, toppings
from jobs.cake.meshes.glaze import THICK, glaze
from jobs.cake.meshes.lettering import lettering
from jobs.cake.meshes.mesh import copies, join, tube
from jobs.cake.meshes.sponge import side

CREAM = np.array([0.9, 0.8, 0.7])
RADIUS, HEIGHT = 6.0, 5.0


def chance():
    return np.random.default_rng(3)


GLAZE, TOP = glaze(chance(), RADIUS, 0.0, HEIGHT, 0.5)
SIDE = side(chance(), RADIUS, 0.0, HEIGHT, CREAM, CREAM)
LETTERS, EM = lettering("Steve", TOP, 4.0, 0.5)
PIECES = {
    "swirl": piping.swirl(CREAM),
    "shell": piping.shell(CREAM),
    "cherry": toppings.cherry(CREAM),
    "raspberry": toppings.raspberry(CREAM),
    "blueberry": toppings.blueberry(),
    "wax": candles.wax(CREAM),
    "flame": candles.flame(np.zeros(2)),
    "rod": tube(np.stack([0 * np.arange(5), 0 * np.arange(5), np.arange(5.0)], -1), 0.2),
    "rim": plates.rim(RADIUS),
}
ALL = PIECES | {"glaze": GLAZE, "side": SIDE.mesh, "letters": LETTERS, "leaf": toppings.leaf()}
ALL |= {kind: plates.plate(kind, RADIUS) for kind in plates.HEIGHTS}


def volume(mesh):
    a, b, c = (mesh.points[mesh.faces[:, corner]] for corner in range(3))
    return np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6


@pytest.mark.parametrize("name", ALL)
def test_a_mesh_is_whole(name):
    mesh = ALL[name]
    assert np.isfinite(mesh.points).all()
    assert mesh.faces.min() >= 0
    assert mesh.faces.max() < len(mesh.points)
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
    assert mesh.colours.min() >= 0


@pytest.mark.parametrize("name", [name for name in PIECES if name != "rim"])
def test_a_piece_faces_outwards(name):
    assert volume(PIECES[name]) > 0


@pytest.mark.parametrize("mesh", [GLAZE, SIDE.mesh], ids=["glaze", "side"])
def test_the_side_of_a_tier_faces_outwards(mesh):
    outwards = (mesh.normals[:, :2] * mesh.points[:, :2]).sum(1) / RADIUS
    assert outwards.mean() > 0.1


@pytest.mark.parametrize("mesh", [LETTERS, toppings.leaf()], ids=["letters", "leaf"])
def test_what_lies_flat_faces_up(mesh):
    assert mesh.normals[:, 2].mean() > 0.5


def test_the_glaze_closes_over_the_sponge():
    high = GLAZE.points[:, 2] > HEIGHT - 0.3
    reach = np.hypot(*GLAZE.points[:, :2].T)
    assert reach[high].max() > RADIUS + 0.6 * THICK
    assert GLAZE.points[:, 2].max() >= TOP.height


def test_letters_follow_the_glaze():
    over = LETTERS.points[:, 2] - TOP.at(LETTERS.points[:, 0], LETTERS.points[:, 1])
    assert -0.1 < over.min() < 0
    assert 0.05 < over.max() < 0.4
    assert LETTERS.points[:, 1].mean() < 0


def test_copies_stand_where_they_were_put():
    piece, places = PIECES["cherry"], np.array([[0.0, 0, 0], [5, 0, 0], [0, 7, 1]])
    many = copies(piece, places, turns=np.array([0, 1, 2]), sizes=0.5)
    assert len(many.faces) == 3 * len(piece.faces)
    middles = many.points.reshape(3, -1, 3).mean(1)
    assert np.allclose(middles, places, atol=0.2)


def test_joined_meshes_keep_their_faces_apart():
    both = join([PIECES["cherry"], PIECES["swirl"]])
    assert volume(both) == pytest.approx(volume(PIECES["cherry"]) + volume(PIECES["swirl"]))
