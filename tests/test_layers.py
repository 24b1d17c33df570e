"""The house has floors: scaling ← jobs ← accounts, products ← shop ← cluster. No arrow points up, none is hidden."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "scaling": set(),
    "jobs": {"scaling"},
    "accounts": {"scaling", "jobs"},
    "products": {"scaling", "jobs"},
    "shop": {"scaling", "jobs", "accounts", "products"},
    "cluster": {"scaling", "shop"},
}
FILES = [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]
BREAD = {"bread", "bakery", "product", "products", "basket", "cake", "order", "customer"}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> list[tuple[str, ast.stmt]]:
    """Every module that a file imports, by its full name, with the statement that does it."""
    package = module_of(path).split(".") if path.name == "__init__.py" else module_of(path).split(".")[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [(f"{module}.{alias.name}", node) for alias in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_arrow_points_up(path):
    mine = module_of(path).split(".")[0]
    used = {module.split(".")[0] for module, _ in imports_of(path)} & MAY_IMPORT.keys()
    assert used - {mine} <= MAY_IMPORT[mine]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_import_hides_in_a_function(path):
    tree = ast.parse(path.read_text())
    inside = [
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside


def test_modules_import_each_other_in_no_circle():
    modules = {module_of(path) for path in FILES}

    def targets(path):
        for name, _ in imports_of(path):
            target = name if name in modules else name.rpartition(".")[0]
            if target in modules and "." in target:
                yield target

    graph = {module_of(path): set(targets(path)) - {module_of(path)} for path in FILES}
    done, path_here = set(), []

    def visit(module):
        assert module not in path_here, f"a circle: {' → '.join([*path_here, module])}"
        if module in done:
            return
        path_here.append(module)
        for target in graph[module]:
            visit(target)
        path_here.pop()
        done.add(module)

    for module in graph:
        visit(module)


def test_the_patterns_know_nothing_of_bread():
    for path in (ROOT / "scaling").rglob("*.py"):
        names = {node.id.lower() for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert not names & BREAD, path
