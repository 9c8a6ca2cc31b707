"""Write docs/python.md, the Python interface, out of its docstrings: python scripts/write_python_page.py."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rtsep

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
LONGEST_DEFAULT = 30  # characters
HEAD = """# Python

What `import rtsep` offers, made from its docstrings. Arrays are float32, `(channels, frames)`; whole programs are in
`examples/`.
"""


def document() -> str:
    """Make the page."""
    return "\n".join([HEAD, *(line for name in sorted(rtsep.__all__) if name != "__version__"
                              for line in _entry(name, getattr(rtsep, name)))])


def _entry(name: str, thing: Any) -> Iterator[str]:
    """Write a function, a class or an error."""
    if inspect.isclass(thing) and issubclass(thing, Exception):
        yield f"## {name}\n\n{inspect.getdoc(thing)}\n"
        return
    yield f"## {name}\n"
    yield _block(_signature(name, thing), inspect.getdoc(thing))
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (isinstance(value, property) or inspect.isfunction(value)):
                yield f"### {name}.{member}\n"
                yield _block(_signature(member, value), inspect.getdoc(value))


def _signature(name: str, thing: Any) -> str:
    if isinstance(thing, property) or not callable(thing):
        return name
    found = inspect.signature(thing)
    words = ", ".join(_parameter(one) for one in found.parameters.values() if one.name != "self")
    result = str(found.return_annotation).strip("'")
    return f"{name}({words})" + ("" if inspect.isclass(thing) or result in ("None", "<class 'inspect._empty'>")
                                 else f" -> {result}")


def _parameter(one: inspect.Parameter) -> str:
    star = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    kind = "" if one.annotation is one.empty else f": {str(one.annotation).strip(chr(39))}"
    if one.default is one.empty:
        return f"{star}{one.name}{kind}"
    default = repr(one.default)
    return f"{one.name}{kind} = {default if len(default) <= LONGEST_DEFAULT else '…'}"


def _block(signature: str, text: str | None) -> str:
    return f"```text\n{signature}\n\n{text or ''}\n```\n"


def main() -> None:
    """Write it."""
    PAGE.write_text(document(), "utf-8")


if __name__ == "__main__":
    main()
