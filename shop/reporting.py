"""What `shop.tracing` loads: spans by OTLP and errors by Sentry, each with the id of its request.

No form, cookie, query or variable goes along: what customers type is nobody else's.
"""

import os
from importlib.util import find_spec
from typing import Any

import sentry_sdk
from celery.signals import task_failure, worker_process_shutdown
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from django.utils.module_loading import import_string
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.redis import RedisIntegration

from scaling.clones import clone_id
from scaling.requests import path_of, request_id

INSIDE_OF = "scaling.requests.RequestMiddleware"  # who knows the request's id
WITH_A_PATH = ("http.url", "http.target", "url.full", "url.path")
WITH_A_QUERY = ("http.url", "http.target", "url.full", "url.query")
UNTOLD = ("url", "headers", "data", "cookies", "query_string", "env")
FLUSH_SECONDS = 2


def instrument() -> None:
    """Have the libraries tell of what they do; until `begin` nobody listens."""
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        inside = settings.MIDDLEWARE.index(INSIDE_OF) + 1
        DjangoInstrumentor().instrument(
            middleware_position=inside, request_hook=_without_query, response_hook=_without_tokens
        )
        CeleryInstrumentor().instrument()
        RedisInstrumentor().instrument()
        if find_spec("MySQLdb"):
            import_string("opentelemetry.instrumentation.mysqlclient.MySQLClientInstrumentor")().instrument()


def begin() -> None:
    """In a process that forks no more: this starts threads."""
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        _begin_traces()
    if settings.SENTRY_DSN:
        _begin_errors()
    worker_process_shutdown.connect(end, dispatch_uid="shop.reporting")


def end(**_: Any) -> None:
    """Send what is left: a worker's child ends without a last word."""
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        trace.get_tracer_provider().force_flush(FLUSH_SECONDS * 1000)  # type: ignore[attr-defined]
    sentry_sdk.flush(FLUSH_SECONDS)


def _begin_traces() -> None:
    name = os.environ.get("OTEL_SERVICE_NAME", "bakery")
    who = {SERVICE_NAME: name, SERVICE_VERSION: settings.RELEASE, SERVICE_INSTANCE_ID: clone_id()}
    provider = TracerProvider(resource=Resource.create(who))
    provider.add_span_processor(OfRequests())
    exporter = OTLPSpanExporter(f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


class OfRequests(SpanProcessor):
    """Each span says for which request it is."""

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        if identity := request_id():
            span.set_attribute("request_id", identity)


def _without_query(span: Span, request: HttpRequest) -> None:
    for name in WITH_A_QUERY:
        if told := (span.attributes or {}).get(name):
            span.set_attribute(name, "" if name == "url.query" else str(told).partition("?")[0])


def _without_tokens(span: Span, request: HttpRequest, response: HttpResponse) -> None:
    """Once it is known which part of the address is one."""
    for name in WITH_A_PATH:
        if told := (span.attributes or {}).get(name):
            span.set_attribute(name, str(told).replace(escape_uri_path(request.path), path_of(request)))


def _begin_errors() -> None:
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=settings.RELEASE,
        server_name=clone_id(),
        before_send=_of_a_request,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        # The one comes too late, after the fork: see _tell. The other would tell the keys of sessions.
        disabled_integrations=[CeleryIntegration(), RedisIntegration()],
    )
    task_failure.connect(_tell, dispatch_uid="shop.reporting")


def _of_a_request(event: Any, hint: Any) -> Any:
    event.setdefault("tags", {}).update(request_id=request_id(), clone=clone_id())
    event.pop("breadcrumbs", None)
    for name in UNTOLD:
        event.get("request", {}).pop(name, None)
    return event


def _tell(sender: Any, exception: BaseException, **_: Any) -> None:
    """A task that failed, unless it says that this is to be expected."""
    if not isinstance(exception, sender.throws):
        sentry_sdk.capture_exception(exception)
