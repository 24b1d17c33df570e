"""The table that a cake stands on and the light that falls on it: linen by day, a party, an evening by candles."""

from dataclasses import dataclass

import mitsuba as mi
import numpy as np

from . import options
from .colours import linear
from .materials import OF_POINTS, Plugin, bumped, image, rgb, shape, surface
from .meshes.mesh import Mesh, circle, copies, grid_faces, join
from .textures import boards, linen

OAK = np.array([0.13, 0.062, 0.028]), np.array([0.40, 0.235, 0.118])
WALNUT = np.array([0.016, 0.008, 0.005]), np.array([0.085, 0.040, 0.022])
FLAX, BERRY = np.array([0.70, 0.64, 0.55]), np.array([0.42, 0.13, 0.17])
PRESENTS = (
    ((-33, 40), 0.35, 8.5, 9.0, "#d8456b", "#ffe9b8"),
    ((35, 44), -0.40, 9.5, 7.0, "#2f8f9d", "#fff6ec"),
    ((-8, 66), 0.10, 8.0, 8.0, "#e6a33a", "#c43d55"),
)


@dataclass(frozen=True)
class Light:
    """How bright a mood is: of the flames, and of the whole as the picture is developed."""

    flame: float
    exposure: float
    bloom: float


LIGHTS = {"linen": Light(30, 0.98, 0.7), "party": Light(34, 1.0, 1.0), "evening": Light(95, 1.1, 1.1)}


def surroundings(mood: str, floor: float, keep_clear: float) -> dict[str, Plugin]:
    """All around the cake: the table at height `floor`, things on it (none nearer than `keep_clear`), and lamps."""
    chance = np.random.default_rng(77)
    return _MOODS[mood](chance, floor, keep_clear)


def _linen(chance: np.random.Generator, floor: float, keep_clear: float) -> dict[str, Plugin]:
    colours, heights = linen(chance, FLAX, BERRY)
    cloth = bumped(surface(image(colours, (9, 9)), 0.9, specular=0.15), image(heights, (9, 9)), 0.16)
    return {
        "table": shape("table", _cloth(floor), cloth),
        "window": _lamp((-62, 34, 58), (0, 0, 7), 26, (15.5, 15.2, 14.6)),
        "front": _lamp((40, -62, 60), (0, 0, 8), 20, (2.6, 2.5, 2.4)),
        "sky": {"type": "constant", "radiance": rgb((0.46, 0.46, 0.47))},
    }


def _party(chance: np.random.Generator, floor: float, keep_clear: float) -> dict[str, Plugin]:
    wood = surface(image(boards(chance, *OAK), (3.2, 2.6)), 0.36, specular=0.4)
    boxes, ribbons = zip(*(_present(floor, *present) for present in PRESENTS), strict=True)
    return {
        "table": _table(floor, wood),
        "boxes": shape("boxes", join(boxes), surface(OF_POINTS, 0.42)),
        "ribbons": shape("ribbons", join(ribbons), surface(OF_POINTS, 0.25, specular=0.6)),
        "confetti": shape("confetti", _confetti(chance, floor, keep_clear), surface(OF_POINTS, 0.5)),
        "key": _lamp((-55, -24, 62), (0, 0, 6), 18, (16, 14.6, 12.8)),
        "rim": _lamp((52, 46, 44), (0, 0, 8), 14, (9, 8.3, 8.4)),
        "sky": {"type": "constant", "radiance": rgb((0.36, 0.34, 0.35))},
    }


def _evening(chance: np.random.Generator, floor: float, keep_clear: float) -> dict[str, Plugin]:
    wood = surface(image(boards(chance, *WALNUT), (3.2, 2.6)), 0.30, specular=0.5)
    return {
        "table": _table(floor, wood),
        "lights": _fairy_lights(chance, floor),
        "moon": _lamp((58, 34, 58), (0, 0, 8), 17, (2.6, 3.1, 4.8)),
        "lamp": _lamp((-58, -34, 55), (0, 0, 7), 17, (7.6, 5.0, 3.0)),
        "sky": {"type": "constant", "radiance": rgb((0.105, 0.092, 0.100))},
    }


_MOODS = {"linen": _linen, "party": _party, "evening": _evening}


def _lamp(at: tuple[float, ...], to: tuple[float, ...], size: float, radiance: tuple[float, ...]) -> Plugin:
    """A square lamp of twice `size`, as soft as it is large."""
    place = mi.ScalarTransform4f().look_at([*at], [*to], [0, 0, 1]).scale([size, size, 1])
    return {"type": "rectangle", "to_world": place, "emitter": {"type": "area", "radiance": rgb(radiance)}}


def _table(floor: float, material: Plugin) -> Plugin:
    place = mi.ScalarTransform4f().translate([0, 30, floor]).scale([120, 90, 1])
    return {"type": "rectangle", "to_world": place, "bsdf": material}


def _cloth(floor: float) -> Mesh:
    """Linen with a few soft folds that run out towards the back."""
    rows, columns = 160, 200
    y, x = np.meshgrid(np.linspace(130, -60, rows), np.linspace(-120, 120, columns), indexing="ij")
    away = np.clip((np.hypot(x, y) - 24) / 40, 0, 1)
    folds = (
        0.55 * np.sin(0.16 * x + 0.055 * y + 0.9 * np.sin(0.05 * y)) ** 6
        + 0.35 * np.sin(0.11 * x - 0.10 * y + 2) ** 8
    )
    points = np.stack([x, y, floor + 1.5 * away * folds], -1).reshape(-1, 3)
    uv = np.stack([(x + 120) / 240, (y + 60) / 240], -1).reshape(-1, 2)
    return Mesh.of(points, grid_faces(rows, columns, is_round=False), uv=uv)


def _confetti(chance: np.random.Generator, floor: float, keep_clear: float) -> Mesh:
    """Paper discs, thrown."""
    count, angles = 170, circle(14)
    rim = np.stack([np.cos(angles), np.sin(angles), 0 * angles], -1)
    faces = np.array([[0, 1 + place, 1 + (place + 1) % 14] for place in range(14)])
    disc = Mesh.of(np.concatenate([[[0.0, 0.0, 0.0]], rim]), faces)
    places = np.stack(
        [chance.uniform(-48, 48, count), chance.uniform(-20, 74, count), np.full(count, floor + 0.04)], -1
    )
    places = places[np.hypot(places[:, 0], places[:, 1]) > keep_clear]
    palette = np.array([linear(colour) for colour in options.SPRINKLES])[chance.integers(0, 6, len(places))]
    return copies(disc, places, sizes=chance.uniform(0.35, 0.6, len(places))).coloured(np.repeat(palette, 15, axis=0))


def _present(
    floor: float, at: tuple[float, float], turn: float, half: float, high: float, paper: str, ribbon: str
) -> tuple[Mesh, Mesh]:
    """A box with its lid, and the ribbon around it."""
    box = [_cuboid(half, half, 0, high), _cuboid(half + 0.4, half + 0.4, high - 2, high)]
    bands = [_cuboid(half + 0.5, 1.1, 0, high + 0.1), _cuboid(1.1, half + 0.5, 0, high + 0.12)]
    place = np.array([[*at, floor]])
    papered = copies(join(box), place, turns=turn).coloured(linear(paper))
    return papered, copies(join(bands), place, turns=turn).coloured(linear(ribbon))


def _cuboid(x: float, y: float, low: float, high: float) -> Mesh:
    corners = np.array([[i * x, j * y, z] for z in (low, high) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    sides = ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7))
    return join([Mesh.of(corners[list(side)], np.array([[0, 1, 2], [0, 2, 3]])) for side in sides])


def _fairy_lights(chance: np.random.Generator, floor: float) -> Plugin:
    """Small lamps far behind, which the lens turns into discs."""
    count, down, around = 26, np.linspace(0, np.pi, 8)[:, None], circle(10)[None]
    ball = np.stack(
        np.broadcast_arrays(np.sin(down) * np.cos(around), np.sin(down) * np.sin(around), np.cos(down)), -1
    )
    piece = Mesh.of(ball.reshape(-1, 3), grid_faces(8, 10, is_round=True))
    y = chance.uniform(44, 84, count)
    places = np.stack([chance.uniform(-0.75, 0.75, count) * y, y, np.full(count, floor + 0.5)], -1)
    glow = {"type": "area", "radiance": rgb((22, 11, 3.6))}
    return shape(
        "lights", copies(piece, places, sizes=0.45), {"type": "diffuse", "reflectance": rgb((0, 0, 0))}, glow
    )
