"""The guide's lines for cron take each hour once, wherever the machine's clock stands."""

import datetime
import os
import pathlib
import re
import subprocess
import zoneinfo

import pytest

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "guides" / "schedules.md"
UTC = datetime.timezone.utc


def command() -> str:
    """The line of every four hours, as cron hands it to the shell."""
    line = next(line for line in GUIDE.read_text().splitlines() if re.match(r"10 \* \* \* \*  ", line))
    return line.split("  ", 1)[1].replace("\\%", "%")


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("UTC", "2024-05-14"),
        ("America/New_York", "2024-11-02"),  # Summer time ends.
        ("Europe/Berlin", "2024-03-30"),  # It begins.
        ("Asia/Kolkata", "2024-05-14"),
        ("Asia/Kathmandu", "2024-05-14"),
        ("Australia/Lord_Howe", "2024-04-06"),  # By half an hour.
    ],
)
def test_every_hour_is_taken_once(zone, first, tmp_path):
    # `date` as it would answer at the moment in NOW, and a `spotql` that says what it was asked for.
    date = tmp_path / "date"
    date.write_text(
        '#!/usr/bin/env bash\nif [ "$1" = -ud ]; then exec /bin/date -ud "$NOW UTC $2" "$3"; fi\n'
        'exec /bin/date -ud "$NOW UTC" "$2"\n'
    )
    spotql = tmp_path / "spotql"
    spotql.write_text('#!/usr/bin/env bash\necho "$@"\n')
    for program in (date, spotql):
        program.chmod(0o755)
    begin = datetime.datetime.fromisoformat(first).replace(tzinfo=UTC)
    taken = []
    local = zoneinfo.ZoneInfo(zone)
    for minute in range(0, 3 * 24 * 60, 5):
        now = begin + datetime.timedelta(minutes=minute)
        # cron looks at the clock on the wall; this line does not ask for its hour.
        if now.astimezone(local).minute != 10:
            continue
        ran = subprocess.run(
            ["bash", "-c", command()],
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "NOW": now.strftime("%Y-%m-%d %H:%M")},
            capture_output=True,
            text=True,
        )
        assert ran.stderr == ""
        if ran.stdout:
            day, hours = re.search(r"date=(\S+) --var hours=(\S+)", ran.stdout).groups()
            for hour in map(int, hours.split(",")):
                at = datetime.datetime.fromisoformat(day).replace(tzinfo=UTC) + datetime.timedelta(hours=hour)
                assert 0 <= hour <= 23 and at + datetime.timedelta(hours=1) <= now
                taken.append(at)
    expected = [begin + datetime.timedelta(hours=hour) for hour in range(-4, 3 * 24 - 4)]
    assert taken == expected
