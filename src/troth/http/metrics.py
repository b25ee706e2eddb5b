"""What the door counts; `GET /metrics` shows it in Prometheus' text format."""

from prometheus_client import Counter, Histogram

requests = Counter("troth_http_requests_total", "Requests answered.", ("method", "status"))
request_seconds = Histogram(
    "troth_http_request_seconds",
    "Time from the request's first byte to the answer's last.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
