"""What the door counts; `GET /metrics` shows it in Prometheus' text format."""

from functools import cache

from prometheus_client import Counter, Histogram

requests = Counter("troth_http_requests_total", "Requests answered.", ("method", "status"))
request_seconds = Histogram(
    "troth_http_request_seconds",
    "Time from the request's first byte to the answer's last.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def count_request(method: str, status: int, seconds: float) -> None:
    """Count an answered request and the time that it took."""
    _requests_of(method, status).inc()
    request_seconds.observe(seconds)


@cache
def _requests_of(method: str, status: int) -> Counter:
    # Looking labels up costs more than counting. The server knows only so many methods and statuses.
    return requests.labels(method, str(status))
