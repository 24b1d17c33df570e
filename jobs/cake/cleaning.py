"""Taking the noise out of a picture with Intel's Open Image Denoise."""

import mitsuba_oidn as oidn
import numpy as np

from .arrays import Array

# In tiles if need be: the whole renderer is to stay under 800 MB.
MOST_MB = 20


class Cleaner:
    """Cleans on so many threads, and what is final on one: with other numbers of them it rounds otherwise."""

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def clean(self, light: Array, features: dict[str, Array], *, is_final: bool) -> Array:
        """The light (rows, columns, 3) without its noise; `features` are its `albedo` and `normal`, or none.

        A picture that is not final is cleaned in half the time and memory, and not as well."""
        device = oidn.Device(oidn.DeviceType.CPU)
        device.set_int("numThreads", 1 if is_final else self.threads)
        device.commit()
        result = np.empty(light.shape, np.float32)
        images = {"color": light, **features, "output": result}
        kept = {name: np.ascontiguousarray(image, np.float32) for name, image in images.items()}
        work = device.new_filter("RT")  # a new one each time: kept, it would keep its memory
        work.hdr = True
        work.max_memory_mb = MOST_MB
        work.quality = oidn.Quality.High if is_final else oidn.Quality.Fast
        for name, image in kept.items():
            work.set_image(name, image)
        work.execute()
        return kept["output"]
