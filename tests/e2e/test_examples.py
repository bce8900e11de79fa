"""The examples: short enough to be copied, and the scripts do what they say."""

import os
import re
import subprocess
import sys

import pytest

from tests.e2e.people import Person
from tests.services import BIN, ROOT

EXAMPLES = ROOT / "examples"
SOURCES = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.rglob("*")
    if path.suffix in {".py", ".js", ".html", ".css"}
    and not {"node_modules", "dist"} & set(path.relative_to(EXAMPLES).parts)
)
SCRIPTS = ["edit_json.py", "edit_pycrdt.py"]
SCRIPT_SECONDS = 60
NO_SUCH_DOCUMENT = "00000000-0000-4000-8000-000000000000"


def run(
    script: str, person: Person, document: str, line: str, *, token: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a script of the examples as its first lines say."""
    return subprocess.run(
        [sys.executable, EXAMPLES / script, person.server.url, document, line],
        env={"PATH": os.environ["PATH"], "TOKEN": token or person.token},
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("source", SOURCES)
def test_an_example_is_shorter_than_sixty_lines(source):
    assert len((EXAMPLES / source).read_text().splitlines()) < 60


def test_there_are_pages_and_scripts_to_measure():
    assert {*SCRIPTS, "tiptap-hocuspocus/main.js", "codemirror-y-websocket/main.js"} <= {*SOURCES}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_appends_a_line_that_is_on_disk_when_it_ends(cast, script):
    document = cast.alice.create(bob="editor")
    for number, person in enumerate((cast.alice, cast.bob), start=1):
        done = run(script, person, document, f"Café 😀 {number}")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert "\nSaved" in done.stdout
    assert cast.alice.content(document)["text"] == "Café 😀 1\nCafé 😀 2"
    assert "Café 😀 1\nCafé 😀 2\n" in done.stdout


def test_the_json_script_says_who_is_here_and_which_number_the_edit_got(cast):
    document = cast.alice.create(bob="editor")
    done = run("edit_json.py", cast.bob, document, "Hello")
    assert done.stdout.splitlines()[0] == "Here: bob"
    head = cast.alice.content(document)["seq"]
    assert done.stdout.splitlines()[-1] == f"Saved: number {head} in the document's log."


@pytest.mark.parametrize(
    ("script", "reason"),
    [("edit_json.py", "may"), ("edit_pycrdt.py", "Sent, but not saved: may you write here?")],
)
def test_a_script_of_a_viewer_fails_and_changes_nothing(cast, script, reason):
    document = cast.alice.create(vera="viewer")
    head = cast.alice.content(document)["seq"]
    done = run(script, cast.vera, document, "graffiti")
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Saved" not in done.stdout
    assert "Traceback" not in done.stderr
    assert cast.alice.content(document)["seq"] == head


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    ("token", "code"), [(None, "4404"), ("0" * 40, "4401")], ids=["no document", "no token"]
)
def test_a_script_says_why_the_door_stays_shut(cast, script, token, code):
    done = run(script, cast.alice, NO_SUCH_DOCUMENT, "Hello", token=token)
    assert done.returncode == 1
    assert done.stderr.startswith("The server closed the connection: ")
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_the_steps_of_the_readme_work_as_they_are_printed(cast):
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## Put your own editor on it")[2].partition("\n## ")[0]
    steps = re.findall(r"^```sh\n(.+?)^```", section, re.MULTILINE | re.DOTALL)
    helpers = re.findall(r"^(?:field|alice)\(\) .+$", readme, re.MULTILINE)
    assert (len(steps), len(helpers)) == (2, 2)
    edit = """alice $API/documents/$ID/edits/ --json '{"ops": [{"append": "**bold** é😀"}]}'"""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c"]
        + ["\n".join([*helpers, steps[0], edit, steps[1], "echo $ID $TICKET"])],
        env={
            "PATH": f"{BIN}:/usr/bin:/bin",
            "API": f"{cast.server.url}/api/v1",
            "TOKEN": cast.alice.token,
        },
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, exported, last_line = filter(None, done.stdout.splitlines())
    document, ticket = last_line.split()
    assert exported == "**bold** é😀"
    assert ticket
    assert cast.bob.call("GET", f"/documents/{document}/").json()["role"] == "viewer"
    [version] = cast.alice.call("GET", f"/documents/{document}/versions/").json()["results"]
    assert version["label"] == "Before the review"
