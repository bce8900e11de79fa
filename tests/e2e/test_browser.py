"""Two people, two browsers, one document: the page in Chromium, against the real server."""

import json
import os
import re
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    WebSocketRoute,
    expect,
)
from pycrdt import Doc, Text, XmlElement, XmlFragment

from tests.e2e.people import PASSWORD, Cast, Person
from tests.services import ROOT

# Where `make screenshots` wants the picture of the README.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# What a browser says by itself when its network is taken away.
OFFLINE = re.compile(r"ERR_INTERNET_DISCONNECTED|ERR_NETWORK|WebSocket connection to .* failed")
# The names at others' carets are not words of the document.
READ_WORDS = """element => {
    const copy = element.cloneNode(true);
    const carets = '[class*="caret"], .cm-ySelectionCaret, .cm-widgetBuffer';
    copy.querySelectorAll(carets).forEach(caret => caret.remove());
    const blocks = copy.querySelectorAll('p, h1, h2, h3, .cm-line');
    return Array.from(blocks, block => block.textContent.replaceAll('\\u2060', '')).join('\\n');
}"""


def find_chromium() -> str:
    for name in (os.environ.get("CHROMIUM"), *CHROMIUM_NAMES):
        if name and (path := shutil.which(name)):
            return path
    pytest.fail("The browser tests need Chromium; .ci/chromium says how to get it.")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": find_chromium(), "args": CHROMIUM_ARGUMENTS}


class Desk:
    """One person's browser, and everything that it complained about."""

    def __init__(self, context: BrowserContext, person: Person) -> None:
        self.context = context
        self.person = person
        self.complaints: list[str] = []
        self._forgiven: list[re.Pattern[str]] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def forgive(self, *patterns: str | re.Pattern[str]) -> None:
        """What this test provokes on purpose."""
        self._forgiven += [re.compile(pattern) for pattern in patterns]

    def check_complaints(self) -> None:
        left = [
            complaint
            for complaint in self.complaints
            if not any(pattern.search(complaint) for pattern in self._forgiven)
        ]
        assert left == [], f"{self.person.username}'s browser complained"

    def sign_in(self) -> None:
        self.page.goto("/login")
        self.page.get_by_label("Username").fill(self.person.username)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_test_id("new-document")).to_be_visible()

    def open(self, document: str) -> None:
        self.page.goto(f"/documents/{document}/")
        expect(self.editor).to_be_visible()
        self.expect_saved()

    @property
    def editor(self) -> Locator:
        return self.page.locator(".ProseMirror, .cm-content").first

    @property
    def save_state(self) -> Locator:
        return self.page.get_by_test_id("save-state")

    def expect_saved(self) -> None:
        expect(self.save_state).to_have_attribute("data-state", "saved")

    def expect_present(self, *usernames: str) -> None:
        people = self.page.get_by_test_id("presence").locator("[data-username]")
        expect(people).to_have_count(len(usernames))
        shown = {people.nth(i).get_attribute("data-username") for i in range(len(usernames))}
        assert shown == set(usernames)

    def expect_words(self, *words: str) -> None:
        for text in words:
            expect(self.editor).to_contain_text(text)

    def words(self) -> str:
        """The document as it stands on this screen."""
        text: str = self.editor.evaluate(READ_WORDS)
        return text.strip("\n")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def type_at_end(self, text: str) -> None:
        self.editor.click()
        self.page.keyboard.press("Control+End")
        self.type(text)

    def choose(self, menu: str, item: str) -> None:
        self.page.get_by_test_id(menu).click()
        self.page.get_by_test_id(item).click()


NewDesk = Callable[[Person], Desk]


@pytest.fixture
def new_desk(browser: Browser, cast: Cast) -> Iterator[NewDesk]:
    """Opens a browser of their own for somebody, signed in."""
    desks: list[Desk] = []

    def open_desk(person: Person) -> Desk:
        context = browser.new_context(
            base_url=cast.server.url,
            accept_downloads=True,
            viewport={"width": 1280, "height": 800},
        )
        context.set_default_timeout(15_000)
        desk = Desk(context, person)
        desks.append(desk)
        desk.sign_in()
        return desk

    yield open_desk
    for desk in desks:
        desk.context.close()
    for desk in desks:
        desk.check_complaints()


@pytest.fixture
def document(cast: Cast) -> str:
    return cast.alice.create(kind="richtext", title="Plans", bob="editor", vera="viewer")


@pytest.fixture
def alice(new_desk: NewDesk, cast: Cast) -> Desk:
    return new_desk(cast.alice)


@pytest.fixture
def bob(new_desk: NewDesk, cast: Cast) -> Desk:
    return new_desk(cast.bob)


def type_at_once(first: Desk, second: Desk, words: str, other_words: str) -> None:
    """Both type, letter by letter, neither waiting for the other's letters to arrive."""
    for letter, other in zip_longest(words, other_words, fillvalue=""):
        first.type(letter)
        second.type(other)


def test_two_people_type_at_once_and_everything_is_there_when_they_come_back(
    alice, bob, cast, document
):
    cast.alice.call(
        "POST",
        f"/documents/{document}/edits/",
        json={"ops": [{"append": "First line\n\nLast line"}]},
    )
    alice.open(document)
    bob.open(document)
    alice.expect_present("alice", "bob")
    bob.expect_present("alice", "bob")

    alice.editor.locator("p", has_text="First line").click()
    alice.page.keyboard.press("End")
    bob.type_at_end("")
    type_at_once(alice, bob, ", written by alice é😀.", ", and this is bob's 😀é.")

    for desk in (alice, bob):
        desk.expect_words("First line, written by alice é😀.", "Last line, and this is bob's 😀é.")
        desk.expect_saved()
    assert alice.words() == bob.words()
    # Each sees the other's caret, with the name at it.
    expect(alice.page.locator(".collaboration-carets__label")).to_contain_text("bob")
    expect(bob.page.locator(".collaboration-carets__label")).to_contain_text("alice")

    words = alice.words()
    assert cast.alice.content(document)["text"].split() == words.split()
    bob.page.close()
    alice.expect_present("alice")
    alice.page.goto("/")
    alice.page.get_by_role("link", name="Plans").first.click()
    alice.expect_words("First line, written by alice é😀.", "Last line, and this is bob's 😀é.")
    assert alice.words() == words


def test_a_document_is_made_named_and_shared_on_the_page(alice, bob, cast):
    alice.page.get_by_test_id("new-document").click()
    expect(alice.editor).to_be_visible()
    title = alice.page.get_by_test_id("document-title")
    title.fill("Fresh from the page")
    title.press("Enter")
    alice.type("Hello, bob")
    alice.expect_saved()

    alice.page.get_by_test_id("share-button").click()
    alice.page.get_by_test_id("share-username").fill("bob")
    alice.page.get_by_test_id("share-add").click()
    members = alice.page.get_by_test_id("members")
    expect(members.locator("[data-username=bob]")).to_be_visible()

    bob.page.reload()
    bob.page.get_by_role("link", name="Fresh from the page").click()
    bob.expect_words("Hello, bob")
    bob.type_at_end(", hello alice")
    alice.expect_words("Hello, bob, hello alice")


def test_a_user_who_does_not_exist_cannot_be_added(alice, document):
    alice.forgive(r"status of 400")
    alice.open(document)
    alice.page.get_by_test_id("share-button").click()
    alice.page.get_by_test_id("share-username").fill("nobody-of-that-name")
    alice.page.get_by_test_id("share-add").click()
    expect(alice.page.get_by_role("dialog")).to_contain_text("nobody-of-that-name")


def test_what_is_typed_offline_is_saved_when_the_network_is_back(alice, bob, document):
    alice.forgive(OFFLINE)
    alice.open(document)
    bob.open(document)
    alice.context.set_offline(True)
    expect(alice.save_state).to_have_attribute("data-state", "offline")
    alice.type_at_end("typed on a train é😀")
    expect(alice.save_state).to_have_attribute("data-state", "offline")
    bob.type_at_end("Meanwhile. ")
    bob.expect_saved()
    assert "train" not in bob.words()

    alice.context.set_offline(False)
    alice.expect_saved()
    for desk in (alice, bob):
        desk.expect_words("typed on a train é😀", "Meanwhile. ")


def test_a_copy_that_is_opened_without_the_socket_can_be_written(alice, bob, document):
    for desk in (alice, bob):
        desk.forgive(OFFLINE)
        desk.open(document)
    alice.type_at_end("Before é😀. ")
    bob.expect_words("Before é😀.")
    alice.expect_saved()

    is_reachable = False

    def route(socket: WebSocketRoute) -> None:
        if is_reachable:
            socket.connect_to_server()
        else:
            socket.close()

    alice.page.route_web_socket("**/ws/**", route)
    alice.page.reload()
    expect(alice.page.get_by_test_id("offline")).to_contain_text("saved here")
    expect(alice.editor).to_have_attribute("contenteditable", "true")
    alice.type_at_end("On a train. ")
    # What is typed is in the copy, not only on the page.
    alice.page.reload()
    alice.expect_words("Before é😀. On a train.")
    expect(alice.save_state).to_have_attribute("data-state", "offline")
    bob.type_at_end("Meanwhile. ")
    bob.expect_saved()

    is_reachable = True
    alice.expect_saved()
    expect(alice.page.get_by_test_id("offline")).to_have_count(0)
    for desk in (alice, bob):
        desk.expect_words("On a train.", "Meanwhile.")
    assert alice.words() == bob.words()


def test_signing_out_in_another_tab_ends_the_page_and_loses_nothing(alice, cast, document):
    # The page asks who is signed in, and is told that nobody is.
    alice.forgive(r"status of 401")
    alice.open(document)
    alice.type_at_end("Before. ")
    alice.expect_saved()

    other_tab = alice.context.new_page()
    other_tab.goto("/")
    other_tab.get_by_test_id("user-menu").click()
    other_tab.get_by_role("menuitem", name="Sign out").click()
    expect(other_tab.get_by_role("button", name="Sign in")).to_be_visible()

    sign_in_again = alice.page.get_by_role("button", name="Sign in again")
    username = alice.page.get_by_label("Username")
    expect(sign_in_again.or_(username)).to_be_visible()
    if sign_in_again.is_visible():
        sign_in_again.click()
    username.fill("alice")
    alice.page.get_by_label("Password", exact=True).fill(PASSWORD)
    alice.page.get_by_role("button", name="Sign in").click()
    alice.expect_words("Before.")
    alice.type_at_end("After.")
    alice.expect_saved()
    text = cast.alice.call("GET", f"/documents/{document}/content/").json()["text"]
    assert text == "Before. After."


def test_a_viewer_reads_along_and_cannot_write(alice, new_desk, cast, document):
    vera = new_desk(cast.vera)
    alice.open(document)
    vera.open(document)
    expect(vera.editor).to_have_attribute("contenteditable", "false")
    alice.type_at_end("For your eyes")
    vera.expect_words("For your eyes")
    vera.editor.click()
    vera.type("graffiti")
    alice.type(" only")
    vera.expect_words("For your eyes only")
    assert "graffiti" not in vera.words()


def test_a_role_that_changes_is_felt_at_once(bob, cast, document):
    bob.open(document)
    bob.type_at_end("I may write. ")
    bob.expect_saved()
    member = f"/documents/{document}/members/bob/"
    cast.alice.call("PATCH", member, json={"role": "viewer"})
    expect(bob.editor).to_have_attribute("contenteditable", "false")
    cast.alice.call("PATCH", member, json={"role": "editor"})
    expect(bob.editor).to_have_attribute("contenteditable", "true")
    bob.type_at_end("Again. ")
    bob.expect_saved()
    assert cast.alice.content(document)["text"].strip() == "I may write. Again."


def test_whoever_is_removed_is_shown_out(alice, bob, cast, document):
    bob.forgive(r"status of 404")
    alice.open(document)
    bob.open(document)
    cast.alice.call("DELETE", f"/documents/{document}/members/bob/")
    refused = bob.page.get_by_test_id("refused")
    expect(refused).to_have_attribute("data-reason", "removed")
    alice.expect_present("alice")
    alice.type_at_end("Just us now.")
    alice.expect_saved()


def test_a_document_is_downloaded_as_markdown(alice, document):
    alice.open(document)
    alice.type_at_end("# A heading")
    alice.page.keyboard.press("Enter")
    alice.type("and **bold** words é😀")
    alice.expect_saved()
    with alice.page.expect_download() as download:
        alice.choose("export-menu", "export-md")
    assert download.value.suggested_filename == "Plans.md"
    markdown = Path(download.value.path()).read_text()
    assert markdown.startswith("# A heading\n\nand **bold** words é😀")


def test_plain_text_has_an_editor_of_its_own(alice, bob, cast):
    document = cast.alice.create(kind="text", title="notes.py", bob="editor")
    alice.open(document)
    bob.open(document)
    expect(alice.page.locator(".cm-content")).to_be_visible()
    alice.type_at_end("def é():")
    bob.expect_words("def é():")
    bob.type_at_end("\n# 😀 bob")
    alice.expect_words("# 😀 bob")
    alice.page.keyboard.press("Control+Home")
    type_at_once(alice, bob, "# alice\n", " 1234567")
    for desk in (alice, bob):
        desk.expect_words("# alice", "# 😀 bob 1234567")
        desk.expect_saved()
    assert alice.words() == bob.words()
    assert alice.words().split("\n")[0] == "# alice"
    assert cast.alice.content(document)["text"].strip() == alice.words()


def test_a_version_is_kept_and_restored_under_everybodys_eyes(alice, bob, document):
    alice.open(document)
    bob.open(document)
    alice.type_at_end("The good text")
    alice.expect_saved()
    alice.choose("document-menu", "versions-button")
    alice.page.get_by_label("Keep this state").fill("Good")
    alice.page.get_by_role("button", name="Keep", exact=True).click()
    expect(alice.page.get_by_test_id("versions")).to_contain_text("Good")

    bob.type_at_end(" spoiled")
    alice.expect_words("The good text spoiled")
    alice.page.get_by_test_id("versions").get_by_role("button", name="Restore").click()
    question = alice.page.get_by_role("dialog", name=re.compile("Restore.*Good"))
    question.get_by_role("button", name="Restore", exact=True).click()
    for desk in (alice, bob):
        expect(desk.editor).not_to_contain_text("spoiled")
        desk.expect_words("The good text")
    bob.type_at_end(", and better")
    alice.expect_words("The good text, and better")


def test_whoever_is_outside_sees_no_document(new_desk, cast, document):
    charlie = new_desk(cast.charlie)
    charlie.forgive(r"status of 404")
    charlie.page.goto(f"/documents/{document}/")
    expect(charlie.page.get_by_text("No such document")).to_be_visible()


def test_a_screenshot_for_the_readme(alice, bob, cast, tmp_path):
    pictures = Path(SCREENSHOTS) if SCREENSHOTS else tmp_path
    pictures.mkdir(parents=True, exist_ok=True)
    document = cast.alice.create(kind="richtext", title="Launch plan", bob="editor", vera="viewer")
    text = (
        "# Launch plan\n\nWe ship on **Thursday**. Everybody writes here, at the same time.\n\n"
        "- [x] Write the announcement\n- [x] Rehearse the demo\n- [ ] Invite everybody\n\n"
        "| What | Who | When |\n|---|---|---|\n| Announcement | alice | Monday |\n"
        "| Demo | bob | Wednesday |\n\n> Nobody loses a word.\n\n"
    )
    edits = f"/documents/{document}/edits/"
    cast.alice.call("POST", edits, json={"ops": [{"append": text}]})
    words = cast.alice.content(document)["text"]
    for person, passage, said in (
        (cast.bob, "Thursday", "All green since Tuesday. @alice, do you tell the press?"),
        (cast.alice, "Wednesday", "Could we have it in the morning?"),
    ):
        start = words.index(passage)
        anchor = {"start": start, "end": start + len(passage)}
        thread = {"anchor": anchor, "text": said}
        person.call("POST", f"/documents/{document}/threads/", json=thread)
    alice.open(document)
    bob.open(document)
    bob.editor.locator("p", has_text="We ship on").click()
    bob.page.keyboard.press("End")
    bob.type(" Even bob")
    alice.expect_words("Even bob")
    alice.expect_present("alice", "bob")
    expect(alice.page.locator(".collaboration-carets__label")).to_be_attached()
    expect(alice.page.get_by_test_id("thread")).to_have_count(2)
    alice.page.screenshot(path=pictures / "editor.png")
    assert (pictures / "editor.png").stat().st_size > 10_000


# ---- documents of other editors ----------------------------------------------------------------


def read_vector(name: str) -> bytes:
    """The update of one of the documents that other people's editors wrote."""
    cases = json.loads((ROOT / "tests" / "vectors" / "roots.json").read_text())
    return b64decode(next(case["update"] for case in cases if case["name"] == name))


def send(person: Person, document: str, update: bytes) -> None:
    """Write as another editor does."""
    headers = {"Content-Type": "application/octet-stream"}
    person.call("POST", f"/documents/{document}/updates/", content=update, headers=headers)


def create_from(person: Person, update: bytes, **settings: str) -> str:
    """A document that another editor wrote; its id."""
    answer = person.call("POST", "/documents/", json={"title": "From elsewhere", **settings})
    document = str(answer.json()["id"])
    send(person, document, update)
    return document


def state_of(person: Person, document: str) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    doc.apply_update(person.export(document, "yjs"))
    return doc


def push_block(doc: Doc[Any], name: str, text: str) -> bytes:
    """Write a block at the end, as another editor would; the update."""
    before = doc.get_state()
    block = XmlElement(name)
    doc.get("default", type=XmlFragment).children.append(block)
    block.children.append(text)
    return doc.get_update(before)


@pytest.mark.parametrize(
    ("name", "kind", "root", "words"),
    [
        ("blocknote", "richtext", "document-store", ["Café 😀", "nested", "child"]),
        ("prosemirror", "richtext", "prosemirror", ["Café 😀", "two"]),
        ("lexical", "richtext", "root", ["Café 😀", "nested", "said"]),
        ("quill", "richtext", "quill", ["Café 😀", "two", "centred"]),
        ("quill", "text", "quill", ["Café 😀", "two", "centred"]),
    ],
)
def test_a_document_of_another_editor_is_read_and_not_touched(
    alice, bob, cast, name, kind, root, words
):
    document = create_from(cast.alice, read_vector(name), kind=kind, root=root)
    cast.alice.invite(document, "bob", "editor")
    before = cast.alice.content(document)
    state = cast.alice.export(document, "yjs")
    # Its pictures are not really there.
    alice.forgive("example.org")
    bob.forgive("example.org")
    alice.open(document)
    expect(alice.page.get_by_test_id("foreign")).to_contain_text("written with another editor")
    alice.expect_words(*words)
    expect(alice.editor).to_have_attribute("contenteditable", "false")
    alice.editor.click()
    alice.type("graffiti")
    bob.open(document)
    alice.expect_present("alice", "bob")
    with alice.page.expect_download() as download:
        alice.choose("export-menu", "export-md")
    assert "Café 😀" in Path(download.value.path()).read_text()
    alice.expect_saved()
    after = cast.alice.content(document)
    assert (after["seq"], after["text"]) == (before["seq"], before["text"])
    assert cast.alice.export(document, "yjs") == state


def test_what_another_editor_adds_under_our_eyes_is_kept(alice, bob, cast, document):
    alice.open(document)
    bob.open(document)
    alice.type_at_end("Ours é😀.")
    bob.expect_words("Ours é😀.")
    alice.expect_saved()

    doc = state_of(cast.alice, document)
    send(cast.alice, document, push_block(doc, "callout", "Theirs"))
    for desk in (alice, bob):
        expect(desk.page.get_by_test_id("foreign")).to_be_visible()
        desk.expect_words("Ours é😀.", "Theirs")
        desk.type("graffiti")
    send(cast.alice, document, push_block(doc, "paragraph", "Later"))
    for desk in (alice, bob):
        desk.expect_words("Ours é😀.", "Theirs", "Later")
        desk.expect_saved()
    shared = state_of(cast.alice, document).get("default", type=XmlFragment)
    assert [child.tag for child in shared.children] == ["paragraph", "callout", "paragraph"]

    fragment = doc.get("default", type=XmlFragment)
    before = doc.get_state()
    del fragment.children[1]
    send(cast.alice, document, doc.get_update(before))
    for desk in (alice, bob):
        expect(desk.page.get_by_test_id("foreign")).to_have_count(0)
        expect(desk.editor).to_have_attribute("contenteditable", "true")
    bob.type_at_end(" And ours again.")
    alice.expect_words("Ours é😀.", "Later And ours again.")
    bob.expect_saved()


def test_who_may_only_read_cleans_nothing_up(alice, new_desk, cast, document):
    vera = new_desk(cast.vera)
    doc = state_of(cast.alice, document)
    send(cast.alice, document, push_block(doc, "paragraph", "é😀"))
    vera.open(document)
    vera.expect_words("é😀")
    # As two people leave it who each take out a part; every editor takes out the rest.
    before = doc.get_state()
    doc.get("default", type=XmlFragment).children.append(XmlElement("bulletList"))
    send(cast.alice, document, doc.get_update(before))
    expect(vera.page.get_by_test_id("foreign")).to_be_visible()
    vera.expect_words("é😀")
    assert "bulletList" in str(state_of(cast.alice, document).get("default", type=XmlFragment))

    alice.open(document)
    expect(vera.page.get_by_test_id("foreign")).to_have_count(0)
    assert str(state_of(cast.alice, document).get("default", type=XmlFragment)) == (
        "<paragraph>é😀</paragraph>"
    )
    for desk in (alice, vera):
        desk.expect_words("é😀")
        desk.expect_saved()
        expect(desk.page.get_by_test_id("problem")).to_have_count(0)


def test_marks_and_attributes_of_another_editor_survive_our_typing(alice, cast, document):
    doc = state_of(cast.alice, document)
    update = push_block(doc, "paragraph", "Theirs")
    before = doc.get_state()
    block = doc.get("default", type=XmlFragment).children[0]
    block.attributes["id"] = "p7"
    block.children[0].format(0, 3, {"comment": {"id": "c7"}})
    send(cast.alice, document, update)
    alice.open(document)
    # The mark is new to an editor that is open, and somebody is in it.
    alice.type_at_end(" ours")
    alice.expect_saved()
    send(cast.alice, document, doc.get_update(before))
    expect(alice.editor.locator("span", has_text="The")).to_have_count(1)
    alice.type(" é😀")
    alice.expect_saved()
    block = state_of(cast.alice, document).get("default", type=XmlFragment).children[0]
    assert dict(block.attributes)["id"] == "p7"
    assert block.children[0].diff() == [
        ("The", {"comment": {"id": "c7"}}),
        ("irs ours é😀", None),
    ]


def test_a_text_with_formats_keeps_them_while_we_type(alice, cast):
    doc: Doc[Any] = Doc()
    text = doc.get("quill", type=Text)
    text += "Café\nplain bold\n"
    text.format(5, 6, {"header": True})
    text.format(12, 16, {"bold": True})
    document = create_from(cast.alice, doc.get_update(), kind="text", root="quill")
    alice.open(document)
    alice.type_at_end("ours é😀")
    alice.page.keyboard.press("Control+Home")
    alice.type("Our ")
    alice.expect_saved()
    diff = state_of(cast.alice, document).get("quill", type=Text).diff()
    assert ("\n", {"header": True}) in diff
    assert ("bold", {"bold": True}) in diff
    assert "".join(part for part, _ in diff) == "Our Café\nplain bold\nours é😀"


def test_a_picture_that_comes_into_a_plain_text_shifts_nothing(alice, cast):
    document = cast.alice.create(kind="text", title="notes")
    alice.open(document)
    alice.type_at_end("ab é😀")
    alice.expect_saved()
    doc = state_of(cast.alice, document)
    before = doc.get_state()
    doc.get("content", type=Text).insert_embed(1, {"image": "https://example.org/e.png"})
    alice.forgive("example.org")
    send(cast.alice, document, doc.get_update(before))
    expect(alice.page.get_by_test_id("foreign")).to_be_visible()
    alice.type("graffiti")
    before = doc.get_state()
    del doc.get("content", type=Text)[1:2]
    send(cast.alice, document, doc.get_update(before))
    expect(alice.page.get_by_test_id("foreign")).to_have_count(0)
    alice.type_at_end("!")
    alice.expect_saved()
    assert cast.alice.content(document)["text"] == "ab é😀!"
