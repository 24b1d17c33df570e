"""A triangle mesh as arrays, and the few ways in which all shapes of the cake are made: grids, turned profiles, tubes
and many copies of one piece at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ..arrays import Array


@dataclass(frozen=True, eq=False)
class Mesh:
    """`points`, `normals` and linear `colours` (n, 3), `faces` (m, 3), and `uv` (n, 2) where there is a texture."""

    points: Array
    faces: Array
    normals: Array
    colours: Array
    uv: Array | None = None

    @classmethod
    def of(
        cls, points: Array, faces: Array, colours: Array | Sequence[float] = (1, 1, 1), uv: Array | None = None
    ) -> Self:
        """A mesh with smooth normals; one colour for all points, or one each."""
        return cls(
            points, faces, _normals(points, faces), np.broadcast_to(np.asarray(colours, float), points.shape), uv
        )

    def coloured(self, colours: Array | Sequence[float]) -> Self:
        return replace(self, colours=np.broadcast_to(np.asarray(colours, float), self.points.shape))

    def moved(self, x: float, y: float, z: float) -> Self:
        return replace(self, points=self.points + np.array([x, y, z]))


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one; all of them have a texture or none has."""
    starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.points for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.colours for mesh in meshes]),
        None if meshes[0].uv is None else np.concatenate([mesh.uv for mesh in meshes if mesh.uv is not None]),
    )


def grid(points: Array, *, is_round: bool = True, colours: Array | Sequence[float] = (1, 1, 1)) -> Mesh:
    """Points (rows, columns, 3) as a surface; the outside is on the left of a column that goes down. `is_round` joins
    the last column to the first."""
    faces = grid_faces(*points.shape[:2], is_round=is_round)
    flat = np.asarray(colours, float)
    return Mesh.of(points.reshape(-1, 3), faces, flat.reshape(-1, 3) if flat.ndim == 3 else flat)


def grid_faces(rows: int, columns: int, *, is_round: bool) -> Array:
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns if is_round else columns - 1), indexing="ij")
    beside = (column + 1) % columns
    a, b = row * columns + column, row * columns + beside
    c, d = a + columns, b + columns
    return np.concatenate([np.stack(corners, -1).reshape(-1, 3) for corners in ((a, c, d), (a, d, b))])


def turned(profile: Sequence[tuple[float, float]] | Array, columns: int = 256) -> Mesh:
    """A profile of (radius, height), from the inside of the top to the foot, turned around the z axis."""
    shape, angles = np.asarray(profile, float), circle(columns)
    radius, height = shape[:, :1], np.repeat(shape[:, 1:], columns, axis=1)
    return grid(np.stack([radius * np.cos(angles), radius * np.sin(angles), height], -1))


def tube(path: Array, radius: Array | float, columns: int = 9) -> Mesh:
    """A round rod along a path (n, 3)."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    aside = np.cross(along, (0.3, 1.0, 0.1))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    up, angles = np.cross(along, aside), circle(columns)[None, :, None]
    width = np.broadcast_to(radius, len(path))[:, None, None]
    points = path[:, None] + width * (aside[:, None] * np.cos(angles) + up[:, None] * np.sin(angles))
    return grid(points[::-1])


def copies(piece: Mesh, places: Array, *, turns: Array | float = 0.0, sizes: Array | float = 1.0) -> Mesh:
    """The piece at each of `places` (n, 3), turned about its own upright axis and made larger."""
    count = len(places)
    cos, sin = (f(np.broadcast_to(turns, count)) for f in (np.cos, np.sin))
    about = np.zeros((count, 3, 3))
    about[:, 0, 0], about[:, 0, 1], about[:, 1, 0], about[:, 1, 1], about[:, 2, 2] = cos, -sin, sin, cos, 1
    return posed(piece, places, about, sizes)


def posed(piece: Mesh, places: Array, rotations: Array, sizes: Array | float = 1.0) -> Mesh:
    """The piece at each of `places`, each under a rotation (n, 3, 3) of its own."""
    count, size = len(places), len(piece.points)
    grown = np.broadcast_to(sizes, count)[:, None, None]
    points = np.einsum("nij,pj->npi", rotations, piece.points) * grown + places[:, None]
    normals = np.einsum("nij,pj->npi", rotations, piece.normals)
    faces = piece.faces[None] + (np.arange(count) * size)[:, None, None]
    colours = np.broadcast_to(piece.colours, (count, size, 3))
    return Mesh(points.reshape(-1, 3), faces.reshape(-1, 3), normals.reshape(-1, 3), colours.reshape(-1, 3))


def circle(columns: int) -> Array:
    """Angles around a circle, the first not repeated."""
    return np.linspace(0, 2 * np.pi, columns, endpoint=False)


def ease(value: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, without a kink between."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def _normals(points: Array, faces: Array) -> Array:
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    flat = np.cross(b - a, c - a)
    total = np.stack(
        [sum(np.bincount(faces[:, corner], flat[:, axis], len(points)) for corner in range(3)) for axis in range(3)],
        axis=-1,
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return total / np.where(length > 1e-20, length, 1)
