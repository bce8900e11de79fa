"""Markdown is written in the words of the editor that the rich text belongs to."""

from typing import Any

import pytest
from pycrdt import Doc

from documents.export import render, tiptap_json
from documents.export.schema import Node
from documents.importing import EditError, apply_ops
from tests.documents.export.builders import link, p, text
from tests.documents.export.vectors import load

MARKDOWN = """\
# Café 😀

plain **bold** *italic* `code` [link](https://example.org/é)

- one
  - nested
- two

3. third

> said

```python
x = 1
```

---

![an é](https://example.org/é.png)
"""
TASKS = "- [x] done\n- [ ] open\n"
TABLE = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def write(source: "Doc[Any]", root: str, *ops: dict[str, str]) -> None:
    apply_ops(doc=source, kind="richtext", root=root, ops=list(ops))


def read(source: "Doc[Any]", root: str) -> list[Node]:
    content = tiptap_json(doc=source, kind="richtext", root=root)
    assert content is not None
    blocks: list[Node] = content["content"]
    return blocks


def markdown(source: "Doc[Any]", root: str) -> str:
    return render(doc=source, kind="richtext", root=root, title="", format="md").decode()


@pytest.mark.parametrize("root", ["document-store", "prosemirror", "default"])
def test_markdown_comes_out_as_it_went_in(root: str) -> None:
    source: Doc[Any] = Doc()
    write(source, root, {"replace": MARKDOWN}, {"append": "and é"})
    # In ProseMirror's own schema an item holds its list apart.
    exported = markdown(source, root)
    assert exported == f"{MARKDOWN}\nand é\n"


@pytest.mark.parametrize("part", [TASKS, TABLE])
def test_tasks_and_tables_come_out_of_blocknote_as_they_went_in(part: str) -> None:
    source: Doc[Any] = Doc()
    write(source, "document-store", {"replace": part})
    assert markdown(source, "document-store") == part


def test_blocknote_is_given_blocks_with_ids() -> None:
    source: Doc[Any] = Doc()
    write(source, "document-store", {"append": "a\n\n- b\n  - c"})
    (group,) = read(source, "document-store")
    assert group["type"] == "blockGroup"
    first, second = group["content"]
    assert first["content"] == [p("a")]
    block, nested = second["content"]
    assert (block["type"], nested["type"]) == ("bulletListItem", "blockGroup")
    ids = {first["attrs"]["id"], second["attrs"]["id"], nested["content"][0]["attrs"]["id"]}
    assert len(ids) == 3


def test_document_is_known_by_what_is_in_it_whatever_its_root_is_called() -> None:
    for name, root in (("blocknote", "document-store"), ("prosemirror", "prosemirror")):
        before = load(name)
        source: Doc[Any] = Doc()
        source.apply_update(before.get_update())
        write(source, root, {"append": "- **é**"})
        last = read(source, root)[-1]
        assert last["type"] in {"blockGroup", "bullet_list"}
        assert markdown(source, root).endswith("- **é**\n")


def test_tiptap_under_the_name_of_another_stays_tiptap() -> None:
    source: Doc[Any] = Doc()
    write(source, "default", {"append": "- a"})
    assert [block["type"] for block in read(source, "default")] == ["bulletList"]


def test_replacing_leaves_the_blocks_that_stay_in_place() -> None:
    source = load("blocknote")
    before = read(source, "document-store")[0]["content"]
    write(source, "document-store", {"replace": "## Café 😀\n\nnew\n\nparent\n\nchild"})
    after = read(source, "document-store")[0]["content"]
    assert after[0] == before[0]
    assert len(after) == 4


def test_what_prosemirror_has_no_place_for_is_the_nearest_thing() -> None:
    source: Doc[Any] = Doc()
    write(source, "prosemirror", {"replace": f"{TASKS}\n{TABLE}\n~~a~~ [b](/c)\n\n- # h\n"})
    tasks, first, second, line, items = read(source, "prosemirror")
    assert [item["content"][0] for item in tasks["content"]] == [p("[x] done"), p("[ ] open")]
    assert (first, second) == (p("a\tb"), p("1\t2"))
    assert line == p(text("a "), text("b", link("/c")))
    assert [block["type"] for block in items["content"][0]["content"]] == ["paragraph", "heading"]


def test_list_nested_beyond_what_a_document_holds_is_refused() -> None:
    source: Doc[Any] = Doc()
    deep = "".join(f"{'  ' * level}- é\n" for level in range(80))
    with pytest.raises(EditError, match="flatten"):
        write(source, "document-store", {"replace": deep})
    assert source.get_update() == b"\x00\x00"
