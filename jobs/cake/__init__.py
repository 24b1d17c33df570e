"""Asynchronism: work that is heavy in earnest. A birthday cake is designed in a form and painted by a ray tracer.

Web processes import `options`, `design`, `inscription` and `sketch`, which need the standard library and little else.
Only the render worker imports `scene`, `render` and what they stand on (`requirements-render.txt`).
"""
