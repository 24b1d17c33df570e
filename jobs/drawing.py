"""A render worker is told the id of a render: the task that draws it, pass by pass.

No other process imports this module, nor the renderer: the worker is started with `--include jobs.drawing`.
"""

from contextlib import closing

from celery import shared_task
from django.conf import settings
from django.utils.module_loading import import_string

from scaling.positions import Position
from scaling.replicas import unit_of_work
from scaling.unavailable import OUTAGES

from .cake.design import Design
from .cakes import CAKE
from .dispatch import DRAW
from .leases import claim
from .models import Render
from .running import Running, perform

passes = import_string(settings.CAKE_RENDERER)


@shared_task(name=DRAW, throws=OUTAGES)
def draw(pk: int, position: Position | None = None) -> None:
    """Draw the picture, unless somebody else has begun it."""
    with unit_of_work(position):
        if render := claim(Render, pk):
            perform(render, CAKE, paint, render.design)


def paint(running: Running) -> dict:
    """Every pass is a better picture, and a place to go on from. Whatever ends this ends the renderer."""
    number = 0
    with closing(passes(Design.of(running.arguments), running.checkpoint)) as drawn:
        for each in drawn:
            number = each.number
            running.report(each.percent, each.checkpoint, each.picture, seconds_left=each.seconds_left)
    return {"passes": number}
