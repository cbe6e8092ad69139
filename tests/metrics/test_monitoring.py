"""Dashboard, alerts and documentation speak of metrics that exist; Prometheus' tools agree."""

import json
import re
import subprocess
from pathlib import Path

import httpx2
import pytest
from tests.conftest import first_sign_in

DOCS = Path(__file__).parent.parent.parent / "docs"
MONITORING = DOCS / "monitoring"
KEY = "a-key-for-prometheus"


@pytest.fixture
async def told(engine):
    """The names and kinds of all metrics."""

    async def age():
        return 0.0

    engine.exposition.backup_age = age
    text = (await engine.exposition.text()).decode()
    return dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))


def expressions():
    """Every query of the dashboard, as it is asked for all instances."""
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(queries) > 20
    return [one.replace("$__rate_interval", "5m").replace("$instance", ".*") for one in queries]


def series(told):
    """The names of the series behind the metrics."""
    ends = {"histogram": ("_bucket", "_sum", "_count")}
    return {name + end for name, kind in told.items() for end in ends.get(kind, ("",))}


async def test_the_documentation_lists_every_metric_and_no_other(told):
    page = (DOCS / "reference" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(aiwebengine_\w+)` \| (\w+) ", page, re.M)

    assert dict(rows) == told
    assert len(rows) == len(told)


async def test_dashboard_and_alerts_name_only_series_that_exist(told):
    alerts = (MONITORING / "alerts.yml").read_text()
    used = set(re.findall(r"aiwebengine_\w+", " ".join([alerts, *expressions()])))

    assert used - series(told) == set()


async def test_the_dashboard_shows_every_metric(told):
    shown = " ".join(expressions())

    assert [name for name in told if name not in shown] == []


def promtool(*arguments, given=""):
    """What the tool says; that it is missing is a failure, not a reason to skip."""
    done = subprocess.run(
        ["promtool", *arguments], input=given, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.tools
@pytest.mark.parametrize("workers", ["1", "2"])
def test_promtool_finds_nothing_wrong_with_the_metrics(start, workers):
    _, base, output = start(APP_PERFORMANCE__WORKER_POOL_SIZE=workers, APP_SECURITY__API_KEY=KEY)
    first_sign_in(output)
    for _ in range(8):
        httpx2.post(f"{base}/graphql", json={"query": "{ users { totalCount } }"})
        httpx2.get(f"{base}/nowhere")
    text = httpx2.get(f"{base}/metrics", headers={"X-API-Key": KEY}).text

    assert 'aiwebengine_graphql_errors_total{code="UNAUTHENTICATED"} 8.0' in text
    assert promtool("check", "metrics", given=text) == (0, "")


@pytest.mark.tools
def test_promtool_accepts_the_rules_and_they_fire_when_they_should():
    checked, said = promtool("check", "rules", str(MONITORING / "alerts.yml"))
    tested, told = promtool("test", "rules", str(Path(__file__).parent / "alerts.test.yml"))

    assert (checked, tested) == (0, 0), said + told


@pytest.mark.tools
def test_promtool_accepts_the_example_configuration():
    code, said = promtool("check", "config", "--syntax-only", str(MONITORING / "prometheus.yml"))

    assert code == 0, said


@pytest.mark.tools
def test_every_query_of_the_dashboard_is_valid(tmp_path):
    rules = [{"record": f"query_{number}", "expr": one} for number, one in enumerate(expressions())]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    code, said = promtool("check", "rules", str(path))

    assert code == 0, said
