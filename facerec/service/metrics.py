"""What the service counts of itself, as Prometheus reads it; never by person, key or gallery."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from facerec.types import OperatingPoint

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SCORES = tuple(round(0.5 + 0.02 * step, 2) for step in range(26))


class Metrics:
    """Counters and histograms of one application.

    Scores are a histogram for each operating point: where strangers begin to score otherwise than when the point was
    measured, its rates hold no more, and an alarm on this is how somebody hears of it.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "facerec_requests", "Requests by route and status", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "facerec_request_seconds",
            "Seconds of a request by route",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "facerec_stage_seconds", "Seconds by stage", ["stage"], buckets=_SECONDS, registry=self.registry
        )
        self._photos = Counter("facerec_photos", "Photos that were looked at", registry=self.registry)
        self._decisions = Counter(
            "facerec_decisions", "Decisions by kind and outcome", ["kind", "decision"], registry=self.registry
        )
        self._scores = Histogram(
            "facerec_scores", "Scores by operating point", ["point"], buckets=_SCORES, registry=self.registry
        )
        self.waiting = Gauge("facerec_waiting_photos", "Photos in the queue", registry=self.registry)
        self.workers = Gauge("facerec_ready_workers", "Workers that can look at photos", registry=self.registry)

    def text(self) -> bytes:
        """All of them, in the format of Prometheus."""
        return generate_latest(self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template of its address."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def photos(self, waited: float, worked: float, count: int) -> None:
        """Photos of one request were looked at."""
        self._stages.labels("queue").observe(waited)
        self._stages.labels("faces").observe(worked)
        self._photos.inc(count)

    def decided(self, kind: str, decision: str, score: float, point: OperatingPoint) -> None:
        """Something was decided."""
        self._decisions.labels(kind, decision).inc()
        if score == score:  # noqa: PLR0124 - NaN: there was nobody to compare
            self._scores.labels(point.name).observe(score)
