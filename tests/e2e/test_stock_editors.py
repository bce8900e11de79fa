"""Stock editors with their stock providers, and our own page, on one document in Chromium.

What is opened are the pages of examples/, built as a team would build them.
"""

import asyncio
import functools
import re
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.e2e.people import Cast, Person
from tests.e2e.proxy import Network, network
from tests.e2e.test_browser import CHROMIUM_ARGUMENTS, READ_WORDS, Desk, find_chromium
from tests.services import ROOT, Server, free_port, serve, wait_until

EXAMPLES = ROOT / "examples"
PICTURES = ROOT / "test-results" / "stock-editors"
BUILD_SECONDS = 300
PATIENCE_MS = 15_000
CONNECTION_LOST = r"WebSocket connection to .* failed"
OWN_CARET_NAMES = ".collaboration-carets__label"
NOT_PERMITTED = "Permission denied|may not|may only"


@dataclass(frozen=True, slots=True)
class Editor:
    """A page of the examples, and what is peculiar about it."""

    folder: str
    kind: str
    # What it can say of what is typed: Hocuspocus confirms, y-websocket does not.
    calm: str
    caret_names: str


TIPTAP = Editor("tiptap-hocuspocus", "richtext", "saved", ".collaboration-carets__label")
CODEMIRROR = Editor("codemirror-y-websocket", "text", "connected", ".cm-ySelectionInfo")


@pytest.fixture(params=[TIPTAP, CODEMIRROR], ids=lambda editor: editor.folder)
def editor(request: pytest.FixtureRequest) -> Editor:
    chosen: Editor = request.param
    return chosen


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": find_chromium(), "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """Three browsers, a build and a server may share two cores."""
    expect.set_options(timeout=PATIENCE_MS)


# ---- the pages, as a team serves its own -------------------------------------------------------


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A line for every request is noise beside a failure."""


def run_npm(*arguments: str) -> None:
    done = subprocess.run(
        ["npm", "--prefix", EXAMPLES, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The examples, built and served from an origin of their own; its URL."""
    lock = EXAMPLES / "package-lock.json"
    installed = EXAMPLES / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run_npm("ci", "--no-audit", "--no-fund")
        installed.touch()
    built = tmp_path_factory.mktemp("examples")
    run_npm("run", "build", "--", "--outDir", str(built))
    handler = functools.partial(QuietHandler, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Wire:
    """A network to the server that can be taken away; it lives in a thread of its own."""

    def __init__(self, way: Network, loop: asyncio.AbstractEventLoop) -> None:
        self._way, self._loop = way, loop
        self._server_port = way.server_port
        self.url = f"http://127.0.0.1:{way.port}"

    def break_off(self) -> None:
        """Cut every connection, and let no new one through."""
        self._call(self._set_port(free_port()))

    def mend(self) -> None:
        self._call(self._set_port(self._server_port))

    async def _set_port(self, port: int) -> None:
        self._way.server_port = port
        if port != self._server_port:
            self._way.cut()

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def call(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    manager = network(server.port, Random(1))
    yield Wire(call(manager.__aenter__()), loop)
    call(manager.__aexit__(None, None, None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


# ---- people at them ----------------------------------------------------------------------------


class StockDesk(Desk):
    """Somebody at a stock editor."""

    def __init__(self, context: BrowserContext, person: Person, site: str, editor: Editor) -> None:
        super().__init__(context, person)
        self._site = site
        self._editor = editor

    def open(self, document: str, *, server: str | None = None, ticket: str | None = None) -> None:
        if ticket is None:
            answer = self.person.call("POST", f"/documents/{document}/ticket/")
            ticket = answer.json()["ticket"]
        settings = {
            "server": server or self.person.server.url,
            "document": document,
            "ticket": ticket,
            "name": self.person.username,
        }
        self.page.goto(f"{self._site}/{self._editor.folder}/?{urlencode(settings)}")

    @property
    def editor(self) -> Locator:
        return self.page.locator(".tiptap, .cm-content")

    def expect_status(self, state: str) -> None:
        expect(self.page.locator("#status")).to_have_attribute("data-state", state)

    def expect_saved(self) -> None:
        self.expect_status(self._editor.calm)

    def expect_present(self, *usernames: str) -> None:
        people = self.page.locator("#people li")
        expect(people).to_have_count(len(usernames))
        assert set(people.all_inner_texts()) == set(usernames)

    def expect_caret_of(self, username: str) -> None:
        expect_caret(self, self._editor.caret_names, username)

    def take_picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{self._editor.folder}-{name}.png")


SitDown = Callable[[Person], StockDesk]


@pytest.fixture
def sit_down(browser: Browser, site: str, editor: Editor) -> Iterator[SitDown]:
    """Opens a browser of their own for somebody; nobody is signed in there."""
    desks: list[StockDesk] = []

    def take(person: Person) -> StockDesk:
        context = browser.new_context(viewport={"width": 1100, "height": 700})
        context.set_default_timeout(PATIENCE_MS)
        desks.append(StockDesk(context, person, site, editor))
        return desks[-1]

    yield take
    for desk in desks:
        desk.context.close()
    for desk in desks:
        desk.check_complaints()


@pytest.fixture
def own_page(browser: Browser, cast: Cast) -> Iterator[Desk]:
    """bob at the server's own page."""
    context = browser.new_context(base_url=cast.server.url, viewport={"width": 1100, "height": 700})
    context.set_default_timeout(PATIENCE_MS)
    desk = Desk(context, cast.bob)
    desk.sign_in()
    yield desk
    context.close()
    desk.check_complaints()


@pytest.fixture
def document(cast: Cast, editor: Editor) -> str:
    return cast.alice.create(kind=editor.kind, title="Shared", bob="editor", vera="viewer")


def expect_lines(*desks: Desk, lines: list[str]) -> None:
    """Wait until they stand on every screen, whose carets ever are among their letters."""
    holds = f"([element, lines]) => lines.every(line => ({READ_WORDS})(element).includes(line))"
    for desk in desks:
        desk.page.wait_for_function(holds, arg=[desk.editor.element_handle(), lines])


def expect_caret(desk: Desk, names: str, username: str) -> None:
    expect(desk.page.locator(names).filter(has_text=username).first).to_be_attached(timeout=5_000)


def expect_stored(cast: Cast, document: str, text: str) -> None:
    """Wait for the commit: CodeMirror's provider is not told of it."""

    def is_stored() -> bool:
        return bool(cast.alice.content(document)["text"].strip("\n") == text)

    wait_until(is_stored, seconds=10, what=f"{text!r} is stored")


def expect_alike(cast: Cast, document: str, *desks: Desk) -> str:
    """Every screen shows what the server has; that text, without the empty lines at its end."""
    text = desks[0].words()
    expect_stored(cast, document, text)
    expect_lines(*desks, lines=text.split("\n"))
    assert {desk.words() for desk in desks} == {text}
    return text


# ---- stories -----------------------------------------------------------------------------------


def test_stock_editors_and_our_own_page_write_one_document(
    sit_down, own_page, cast, document, editor
):
    alice, bob = sit_down(cast.alice), sit_down(cast.bob)
    for desk in (alice, bob, own_page):
        desk.open(document)
        desk.expect_saved()
    lines = ["alice in the stock editor é😀", "bob in the stock editor 😀é", "bob on the page é😀"]
    for desk, line in zip((alice, bob), lines, strict=False):
        desk.type_at_end(f"{line}\n")
        expect_lines(alice, bob, own_page, lines=[line])
    alice.expect_present("alice", "bob")
    bob.expect_present("bob", "alice")
    own_page.expect_present("alice", "bob")
    alice.expect_caret_of("bob")
    bob.expect_caret_of("alice")
    for username in ("alice", "bob"):
        expect_caret(own_page, OWN_CARET_NAMES, username)
    for desk, name in ((alice, "alice"), (bob, "bob")):
        desk.take_picture(name)
    own_page.page.screenshot(path=PICTURES / f"{editor.folder}-own-page.png")

    own_page.type_at_end(lines[-1])
    expect_lines(alice, bob, own_page, lines=lines)
    for desk in (alice, bob, own_page):
        desk.expect_saved()
    assert expect_alike(cast, document, alice, bob, own_page).split("\n") == lines


@pytest.mark.parametrize("editor", [TIPTAP], ids=lambda editor: editor.folder)
def test_what_our_own_page_can_write_survives_tiptap(sit_down, cast, document):
    text = (
        "# Café 😀\n\n**bold** and *italic* and `code`\n\n- one\n- two\n\n1. first\n\n"
        "- [x] done\n- [ ] open\n\n| What | Who |\n|---|---|\n| Demo | bob |\n\n"
        "> said\n\n```python\npass\n```\n\n---\n\n![é](https://example.org/e.png)\n\n"
    )
    edit = {"ops": [{"append": text}]}
    cast.alice.call("POST", f"/documents/{document}/edits/", json=edit)
    before = cast.alice.content(document)
    bob = sit_down(cast.bob)
    bob.forgive("example.org")
    bob.open(document)
    bob.expect_saved()
    bob.editor.locator("h1").click()
    bob.page.keyboard.press("End")
    bob.type("!")
    bob.expect_saved()
    after = cast.alice.content(document)
    assert after["text"] == before["text"].replace("Café 😀", "Café 😀!")
    before["content"]["content"][0]["content"][0]["text"] += "!"
    assert after["content"] == before["content"]
    bob.take_picture("rich")


def test_letters_typed_at_once_in_all_editors_are_all_kept(sit_down, own_page, cast, document):
    alice = sit_down(cast.alice)
    for desk in (alice, own_page):
        desk.open(document)
        desk.expect_saved()
    alice.type_at_end("first\nlast")
    expect_lines(own_page, lines=["first", "last"])
    own_page.editor.get_by_text("first").click()
    own_page.page.keyboard.press("End")
    for letter, other in zip(" from above é😀.", " from below 😀é.", strict=True):
        own_page.type(letter)
        alice.type(other)
    expect_lines(alice, own_page, lines=["first from above é😀.", "last from below 😀é."])
    for desk in (alice, own_page):
        desk.expect_saved()
    expect_alike(cast, document, alice, own_page)


def test_the_cursor_of_our_own_page_is_seen_in_stock_editors(sit_down, own_page, cast, document):
    alice = sit_down(cast.alice)
    for desk in (alice, own_page):
        desk.open(document)
        desk.expect_saved()
    own_page.type_at_end("bob on the page é😀")
    expect_lines(alice, lines=["bob on the page é😀"])
    alice.expect_caret_of("bob")


def test_a_viewer_reads_in_a_stock_editor_and_her_typing_changes_nothing(
    sit_down, cast, document, editor
):
    alice, vera = sit_down(cast.alice), sit_down(cast.vera)
    vera.forgive(NOT_PERMITTED)
    alice.open(document)
    # Before, her editor takes no keys.
    alice.expect_saved()
    alice.type_at_end("For your eyes é😀")
    alice.expect_saved()
    vera.open(document)
    expect_lines(vera, lines=["For your eyes é😀"])
    head = cast.alice.content(document)["seq"]
    if editor is TIPTAP:
        vera.expect_saved()
        expect(vera.editor).to_have_attribute("contenteditable", "false")
        # A page that does not care what the server said of her.
        vera.editor.evaluate("element => element.editor.setEditable(true)")
    vera.type_at_end("graffiti")
    expect_lines(vera, lines=["graffiti"])
    # What was refused is never confirmed, and where nothing is, the refusal is told.
    vera.expect_status("saving" if editor is TIPTAP else "refused")
    vera.take_picture("viewer")
    # Whatever of hers might still be under way would be before this.
    alice.type(" only")
    expect_lines(vera, lines=[" only"])
    alice.expect_saved()
    expect_stored(cast, document, "For your eyes é😀 only")
    assert cast.alice.content(document)["seq"] > head
    assert "graffiti" not in alice.words()


def test_what_is_typed_without_a_network_is_merged_when_it_is_back(
    sit_down, cast, document, editor, wire
):
    alice, bob = sit_down(cast.alice), sit_down(cast.bob)
    alice.forgive(CONNECTION_LOST)
    alice.open(document, server=wire.url)
    bob.open(document)
    for desk in (alice, bob):
        desk.expect_saved()
    alice.type_at_end("Before.\n")
    expect_lines(bob, lines=["Before."])
    wire.break_off()
    expect(alice.page.locator("#status")).not_to_have_attribute("data-state", editor.calm)
    bob.expect_present("bob")
    alice.type_at_end("On a train é😀.\n")
    bob.type_at_end("Meanwhile 😀é.\n")
    bob.expect_saved()
    alice.take_picture("offline")
    assert "train" not in bob.words()
    assert "Meanwhile" not in alice.words()

    wire.mend()
    expect_lines(alice, bob, lines=["Before.", "On a train é😀.", "Meanwhile 😀é."])
    for desk in (alice, bob):
        desk.expect_saved()
        desk.expect_present("alice", "bob")
    expect_alike(cast, document, alice, bob)


def test_what_was_typed_is_there_after_the_server_was_killed(sit_down, new_sqlite, editor):
    with serve(database_url=new_sqlite()) as server:
        cast = Cast.on(server)
        document = cast.alice.create(kind=editor.kind)
        alice = sit_down(cast.alice)
        alice.forgive(CONNECTION_LOST)
        alice.open(document)
        alice.expect_saved()
        alice.type_at_end("Before é😀.\n")
        expect_lines(alice, lines=["Before é😀."])
        if editor is TIPTAP:
            # On disk, by its word; of the other the editor keeps a copy and sends it again.
            alice.expect_saved()
        server.kill()
        expect(alice.page.locator("#status")).not_to_have_attribute("data-state", editor.calm)
        alice.type_at_end("Meanwhile 😀é.")
        server.start()
        alice.expect_saved()
        expect_stored(cast, document, alice.words())
        assert alice.words().split("\n") == ["Before é😀.", "Meanwhile 😀é."]
        cast.close()


def test_a_ticket_that_is_not_good_is_refused_with_its_reason(sit_down, cast, document):
    alice = sit_down(cast.alice)
    alice.open(document, ticket="not-a-ticket")
    alice.expect_status("refused")
    expect(alice.page.locator("#status")).not_to_be_empty()
    alice.take_picture("refused")


@pytest.mark.parametrize("editor", [TIPTAP], ids=lambda editor: editor.folder)
def test_a_role_that_changes_is_felt_in_tiptap(sit_down, cast, document):
    bob = sit_down(cast.bob)
    bob.open(document)
    expect(bob.editor).to_have_attribute("contenteditable", "true")
    member = f"/documents/{document}/members/bob/"
    cast.alice.call("PATCH", member, json={"role": "viewer"})
    expect(bob.editor).to_have_attribute("contenteditable", "false")
    cast.alice.call("PATCH", member, json={"role": "editor"})
    expect(bob.editor).to_have_attribute("contenteditable", "true")
    bob.type_at_end("Again é😀")
    bob.expect_saved()
    expect_stored(cast, document, "Again é😀")


def test_whoever_is_removed_is_shown_out_of_a_stock_editor(sit_down, cast, document):
    bob = sit_down(cast.bob)
    bob.open(document)
    bob.expect_saved()
    cast.alice.call("DELETE", f"/documents/{document}/members/bob/")
    bob.expect_status("refused")


def test_the_first_page_asks_for_what_the_editors_need(sit_down, cast, document, site, editor):
    alice = sit_down(cast.alice)
    ticket = cast.alice.call("POST", f"/documents/{document}/ticket/").json()["ticket"]
    # A page without a document goes there by itself.
    alice.page.goto(f"{site}/{editor.folder}/")
    alice.page.get_by_label("Server").fill(cast.server.url)
    alice.page.get_by_label("Document").fill(document)
    alice.page.get_by_label("Ticket").fill(ticket)
    alice.page.get_by_label("Your name").fill("alice")
    alice.page.get_by_role("button", name=re.compile(editor.folder.split("-")[0], re.I)).click()
    alice.expect_saved()
    alice.type_at_end("By the form")
    alice.expect_saved()
    alice.expect_present("alice")
