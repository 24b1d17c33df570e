"""How templates are compiled. Jinja's own choices are general; a page of ours shows some three hundred values from
plain dicts, and each of them pays for the generality. Nothing here changes what a template means."""

from html import escape

from django.template import engines
from jinja2 import Environment
from jinja2.compiler import CodeGenerator
from markupsafe import Markup


class StraightOutput(CodeGenerator):
    """Compiles {{ value }} to the escaped text itself. Jinja makes a Markup object of each, only to join them all
    into one string at the end: on a shelf of 24 that was a quarter of the time."""

    def _output_child_pre(self, node, frame, finalize) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown(")


class PageEnvironment(Environment):
    """Names after a dot are looked up as items first: what templates get is dicts, and Jinja's own order costs an
    exception for each of the three hundred names on a shelf."""

    code_generator_class = StraightOutput

    def getattr(self, obj, attribute):
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    @staticmethod
    def shown(value) -> str:
        """The value as it may stand in HTML: everything is escaped but what says that it is HTML."""
        kind = type(value)
        if kind is str:
            return escape(value)
        if kind is Markup or kind is int:
            return str(value)
        return value.__html__() if hasattr(value, "__html__") else escape(str(value))


def compile_templates() -> None:
    """All of them, which each process does one by one at its first pages otherwise."""
    env = engines["jinja2"].env
    for name in env.list_templates(extensions=["html"]):
        env.get_template(name)
