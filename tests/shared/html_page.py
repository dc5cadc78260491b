"""A page as a browser would see it, for tests of what is written as HTML."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input", "base", "area", "source", "col", "wbr"}


class HtmlPage(HTMLParser):
    """Collects what a browser would see; asserts that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return "\n".join(word for word in self.words if word)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)
