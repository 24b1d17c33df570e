"""Pictures of products, categories and articles: how large they are kept, and where."""

from typing import IO

from scaling.pictures import store_picture

SIZES = (400, 800)


def store(file: IO[bytes], folder: str = "products", *, name: str = "picture") -> str:
    """Keep a picture in both sizes and return its stem. `name` is the readable part: a slug.

    Raises `ValidationError` when it is no picture that we can take.
    """
    return store_picture(file, folder=folder, sizes=SIZES, name=name)
