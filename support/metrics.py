"""What Prometheus reads: counters and times of this process, and whatever collectors are added.

Names begin with ``mis_``; times are seconds. Labels take few values: kinds, states, codes, pages, never names of users,
songs or files. A process counts for itself; what all processes share is read from the database when asked for
(`usecases.operation`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from support.errors import AppError, Cancelled

disable_created_metrics()  # a further series for each one, which says when the process began
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
REGISTRY = CollectorRegistry(auto_describe=False)
_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 90, 300, 900, 3600)
for _each in (ProcessCollector, PlatformCollector, GCCollector):  # memory, open files, collections
    _each(registry=REGISTRY)

JOBS = Counter("mis_jobs", "Jobs this process has ended.", ["kind", "state"], registry=REGISTRY)
JOB_SECONDS = Histogram("mis_job_seconds", "From a job's start to its end.", ["kind"], buckets=_SLOW, registry=REGISTRY)
JOBS_RUNNING = Gauge("mis_jobs_running", "Jobs this process works on.", ["kind"], registry=REGISTRY)
CALLS = Counter("mis_provider_calls", "Calls of outside services; outcome is ok, cancelled or an error's code.",
                ["provider", "outcome"], registry=REGISTRY)
CALL_SECONDS = Histogram("mis_provider_seconds", "A call of an outside service with all its tries.", ["provider"],
                         buckets=_SLOW, registry=REGISTRY)
PAGE_SECONDS = Histogram("mis_page_seconds", "One run of a page.", ["page"], buckets=_QUICK, registry=REGISTRY)
PAGE_ERRORS = Counter("mis_page_errors", "Runs of a page that ended in an error nobody had foreseen.", [],
                      registry=REGISTRY)
REQUESTS = Counter("mis_http_requests", "Requests; kind is page, static, media, upload, own or other.",
                   ["kind", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram("mis_http_seconds", "From a request to the end of its answer.", ["kind"], buckets=_QUICK,
                            registry=REGISTRY)
SOCKETS = Gauge("mis_websockets_open", "Browsers that are connected to this process.", registry=REGISTRY)


@contextmanager
def job(kind: str) -> Iterator[None]:
    """Count a job as running, and time it."""
    JOBS_RUNNING.labels(kind).inc()
    began = time.monotonic()
    try:
        yield
    finally:
        JOBS_RUNNING.labels(kind).dec()
        JOB_SECONDS.labels(kind).observe(time.monotonic() - began)


@contextmanager
def call(provider: str) -> Iterator[None]:
    """Count and time a call of an outside service by its outcome; errors pass through."""
    began = time.monotonic()
    outcome = "ok"
    try:
        yield
    except Cancelled:
        outcome = "cancelled"
        raise
    except GeneratorExit:  # whoever read the answer piece by piece has gone
        outcome = "cancelled"
        raise
    except AppError as error:
        outcome = error.code
        raise
    except BaseException:
        outcome = "unexpected"
        raise
    finally:
        CALLS.labels(provider, outcome).inc()
        CALL_SECONDS.labels(provider).observe(time.monotonic() - began)


@contextmanager
def page(name: str) -> Iterator[None]:
    """Time one run of a page, however it ends: a rerun or a stop is an end like another."""
    began = time.monotonic()
    try:
        yield
    finally:
        PAGE_SECONDS.labels(name).observe(time.monotonic() - began)


def add(collector: Collector) -> None:
    """Have what `collector` gives in every answer; adding one again changes nothing."""
    REGISTRY.register(collector)


def text() -> bytes:
    """Return everything in Prometheus's text format 0.0.4."""
    return generate_latest(REGISTRY)
