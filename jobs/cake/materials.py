"""How surfaces take light, as Mitsuba's dictionaries, and meshes as Mitsuba's objects."""

from typing import Any

import mitsuba as mi
import numpy as np

from .arrays import Array
from .meshes.mesh import Mesh

Plugin = dict[str, Any]
OF_POINTS: Plugin = {"type": "mesh_attribute", "name": "vertex_color"}


def rgb(colour: Array | tuple[float, ...]) -> Plugin:
    return {"type": "rgb", "value": [float(value) for value in colour]}


def surface(colour: Plugin, roughness: float, *, specular: float = 0.5, coat: float = 0.0, **more: float) -> Plugin:
    """A surface by Disney's model: `coat` is the strength of a clear, smooth layer over it."""
    made: Plugin = {"type": "principled", "base_color": colour, "roughness": roughness, "specular": specular} | more
    return made | {"clearcoat": coat, "clearcoat_gloss": 0.95} if coat else made


def image(pixels: Array, repeat: tuple[float, float] = (1.0, 1.0)) -> Plugin:
    """Linear pixels as a texture, the first row at v = 0."""
    scale = mi.ScalarTransform3f().scale([*repeat])
    return {"type": "bitmap", "bitmap": mi.Bitmap(np.ascontiguousarray(pixels[::-1])), "raw": True, "to_uv": scale}


def bumped(under: Plugin, heights: Plugin, scale: float) -> Plugin:
    return {"type": "bumpmap", "height": heights, "scale": scale, "bsdf": under}


def shape(name: str, mesh: Mesh, material: Plugin, emitter: Plugin | None = None) -> Any:
    """The mesh with its material, and colours of its points where the material asks for them."""
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(material)
    if emitter:
        properties["emitter"] = mi.load_dict(emitter)
    sizes = {"vertex_count": len(mesh.points), "face_count": len(mesh.faces)}
    made = mi.Mesh(name, **sizes, has_vertex_normals=True, has_vertex_texcoords=mesh.uv is not None, props=properties)
    parameters = mi.traverse(made)
    parameters["vertex_positions"] = mesh.points.astype(np.float32).ravel()
    parameters["vertex_normals"] = mesh.normals.astype(np.float32).ravel()
    parameters["faces"] = mesh.faces.astype(np.uint32).ravel()
    if mesh.uv is not None:
        parameters["vertex_texcoords"] = mesh.uv.astype(np.float32).ravel()
    parameters.update()
    made.add_attribute("vertex_color", 3, mesh.colours.astype(np.float32).ravel())
    return made
