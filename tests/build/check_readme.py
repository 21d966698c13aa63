"""README.md shows how to embed the core with the very program that tests/embed builds and runs."""

import re
import sys

import include_graph


def main():
    readme = (include_graph.ROOT / "README.md").read_text()
    program = (include_graph.ROOT / "tests" / "embed" / "main.cc").read_text().strip()
    shown = [block.strip() for block in re.findall(r"^```cpp\n(.*?)^```", readme, re.S | re.M)]
    if program not in shown:
        sys.exit("README.md has no ```cpp block that equals tests/embed/main.cc")
    prose = re.sub(r"^```.*?^```", "", readme, flags=re.S | re.M)
    for path in sorted(set(re.findall(r"\]\((?!https?:|#)([^)#]+)", prose))):
        if not (include_graph.ROOT / path).exists():
            sys.exit(f"README.md links to {path}, which is not there")


if __name__ == "__main__":
    main()
