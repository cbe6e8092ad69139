"""The page of measurements is the tool's own work, and complete."""

import pytest
from bench.__main__ import PAGE, SUBJECTS
from bench.report import Result, write
from bench.scale.__main__ import PAGE as SCALE_PAGE
from bench.scale.__main__ import SUBJECTS as SCALE_SUBJECTS


def result(figure):
    return Result("Subject", "One client.", ("", "ms"), [("it", figure)])


def test_a_new_measurement_takes_the_place_of_the_old_one(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\nBy hand.\n")

    write(page, "one", result("1.00"))
    write(page, "two", result("2.00"))
    write(page, "one", result(r"3.00 \1"))

    text = page.read_text()
    assert text.startswith("# Benchmarks\n\nBy hand.\n\n<!-- bench one -->\n## Subject\n")
    assert text.index(r"| it | 3.00 \1 |") < text.index("| it | 2.00 |")
    assert "1.00" not in text


@pytest.mark.parametrize(
    ("page", "name"),
    [*((PAGE, name) for name in SUBJECTS), *((SCALE_PAGE, name) for name in SCALE_SUBJECTS)],
)
def test_every_subject_is_on_its_page_with_results(page, name):
    section = page.read_text().split(f"<!-- bench {name} -->")[1].split(f"<!-- end {name} -->")[0]

    assert "| ---: |" in section
