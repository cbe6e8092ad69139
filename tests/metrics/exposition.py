"""Reading Prometheus' text format."""

from prometheus_client.parser import text_string_to_metric_families


def value(text, name, labels=None):
    """The value of the series with exactly these labels; None when it is not there."""
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.labels == (labels or {})
    ]
    assert len(found) <= 1
    return found[0] if found else None
