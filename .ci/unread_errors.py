"""Errors that no test has read: `raise` statements that the measured run never reached.

    coverage json -q -o FILE && python .ci/unread_errors.py FILE
"""

import ast
import json
import sys
from pathlib import Path


def unread(file: str, missing: set[int]) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.lineno in missing:
            found.append(f"{file}:{node.lineno}: {ast.unparse(node)[:100]}")
    return found


def main() -> None:
    files = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]
    found = [line for name, file in sorted(files.items()) for line in unread(name, set(file["missing_lines"]))]
    if found:
        sys.exit("\n".join(["errors that no test reads:", *found]))


if __name__ == "__main__":
    main()
