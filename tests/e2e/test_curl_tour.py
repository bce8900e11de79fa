"""The README's five minutes with curl, taken from the README and run."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.client import Client
from tests.services import BIN, ROOT, Server, serve

README_URL = "http://127.0.0.1:8000"
TOUR_SECONDS = 60


@pytest.fixture(scope="module")
def demo(new_sqlite) -> Iterator[Server]:
    """What `make run` serves: the demo users are there."""
    with serve(database_url=new_sqlite(), env={"DEBUG": "1"}) as server:
        subprocess.run(
            [sys.executable, "manage.py", "createdemo"],
            cwd=ROOT,
            env=server.environment,
            check=True,
            timeout=TOUR_SECONDS,
            capture_output=True,
        )
        yield server


def read_tour() -> str:
    readme = (ROOT / "README.md").read_text()
    tours = re.findall(r"^```bash\n(.+?)^```", readme, re.MULTILINE | re.DOTALL)
    assert len(tours) == 1, "the README has one bash block, the tour"
    return tours[0]


async def test_the_tour_of_the_readme_works_as_it_is_printed(demo, tmp_path):
    tour = read_tour().replace(README_URL, demo.url)
    assert demo.url in tour
    script = f"set -euo pipefail\n{tour}"
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=TOUR_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    markdown = (tmp_path / "launch-plan.md").read_text()
    assert markdown.startswith("# Launch\n\n- [ ] Invite **everybody**")
    assert "Oh no" not in markdown
    # bob, whom alice let in, has it on his screen.
    document = re.search(rf"^{demo.url}/documents/(\S+)/$", done.stdout, re.MULTILINE)
    assert document
    token = demo_token(demo, "bob")
    async with Client(demo.ws_url, document[1], token=token) as bob:
        assert "Invite" in str(bob.fragment)
        assert bob.role == "editor"


def demo_token(server: Server, username: str) -> str:

    account = {"username": username, "password": "demo"}
    answer = httpx.post(f"{server.url}/api/v1/auth/token/", json=account)
    return str(answer.raise_for_status().json()["token"])
