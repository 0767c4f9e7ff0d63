"""The rules of the tree that a tool can see (DESIGN 1, STYLE)."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "Sources").rglob("*.swift"))
ADAPTERS = sorted((ROOT / "Adapters").rglob("*.swift"))
SPECS = ROOT / "Specs" / "GeoReport"

# DESIGN 1: what a module may import of ours. Imports point one way, down to Reports.
MAY_IMPORT = {
    "Faults": set(),
    "Postgres": {"CLibPQ", "Faults"},
    "XML": {"CLibXML2"},
    "Reports": set(),
    "GeoReport": {"Reports", "XML"},
    "CaseStore": {"Reports", "Federation", "Postgres", "Faults"},
    "Federation": {"Reports"},
    "Addresses": set(),
    "Mail": {"CGMime"},
    "Outbound": {"Addresses"},
    "Processes": set(),
    "Media": {"Processes"},
    # Decision 0017: what does not speak HTTP.
    "Ways": {"CLibCurl", "Federation", "Postgres", "Processes"},
    "Relay": {"Federation", "Reports", "CaseStore", "Outbound", "Media", "Faults"},
    "Gateway": {"GeoReport", "Reports", "CaseStore", "Federation", "Media", "Addresses", "Faults"},
    "Conformance": {"GeoReport", "Reports"},
}
# What ships per kind of peer sees neither the case store nor any way out.
ADAPTER_NAMES = {path.relative_to(ROOT / "Adapters").parts[0] for path in ADAPTERS}
MAY_IMPORT |= {
    name: {"Federation", "Reports", "GeoReport", "XML", "Mail"} for name in ADAPTER_NAMES
}
MODULES = {*MAY_IMPORT, "CLibPQ", "CLibXML2", "CMalloc", "CLibCurl", "CGMime"}
# Who may touch what is outside.
ONLY_IN = {
    "CLibPQ": {"Postgres"},
    "CLibXML2": {"XML"},
    "CMalloc": {"viaduct"},
    "CLibCurl": {"Ways"},
    "CGMime": {"Mail"},
    "HummingbirdCore": {"Gateway"},
    "Hummingbird": {"Gateway"},
    "NIOHTTP1": {"Gateway"},
    # M1: one way out, and the guard in front of it.
    "AsyncHTTPClient": {"Outbound"},
    "NIOSSL": {"Gateway", "Outbound"},
    "FoundationNetworking": set(),
    "ArgumentParser": {"viaduct"},
    "Yams": {"viaduct"},
}
# Where C is wrapped, a pointer may be unsafe.
WRAPPING_C = ("Postgres", "XML", "Mail", "Ways")
# Cities and vendors that the sources know from tests and examples only.
NAMED_ELSEWHERE = re.compile(
    r"\b(Sofia|Mitrovica|Prishtina|Pristina|K(?:ö|oe)ln|Cologne|Chicago|Boston|Toronto|Helsinki|Rostock|"
    r"Bloomington|SeeClickFix|CivicPlus|Salesforce|Symology|Mark-a-Spot|Klarschiff|Signalen|Zammad)\b"
)


def module(path: Path) -> str:
    return path.relative_to(ROOT / "Sources").parts[0]


def code(path: Path) -> str:
    """A file's text without comments and texts, line for line."""
    text = path.read_text()
    text = re.sub(r'"""(.*?)"""', lambda m: '""' + "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r'#"(.*?)"#', '""', text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//.*", "", text)


def offences(paths: list[Path], pattern: str, text=code) -> list[str]:
    """`file:line: text` of each line that matches."""
    found = []
    for path in paths:
        for number, line in enumerate(text(path).split("\n"), 1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    return found


def imports(path: Path) -> set[str]:
    return set(
        re.findall(
            r"^\s*(?:@\w+ )?(?:package |public |private )?import (?:struct |class |enum |func )?(\w+)",
            code(path),
            re.M,
        )
    )


def uses() -> list[tuple[str, Path, str]]:
    """Each import of a module of ours by another: who, where, whom."""
    files = [(module(path), path) for path in SOURCES]
    files += [("Conformance", path) for path in sorted((SPECS / "Conformance").rglob("*.swift"))]
    files += [
        (path.relative_to(ROOT / "Adapters").parts[0], path) for path in ADAPTERS if "Tests" not in path.parts
    ]
    return [(who, path, name) for who, path in files for name in sorted(imports(path) & MODULES)]


def test_modules_import_only_downwards():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for who, path, name in uses()
        if name not in MAY_IMPORT.get(who, MODULES)
    ]
    assert wrong == []


def test_a_module_imports_only_what_its_line_in_the_package_names():
    package = (ROOT / "Package.swift").read_text()
    lines = re.findall(r'arget\(\s*name: "(\w+)"(?:,\s*dependencies: \[(.*?)\])?', package, re.S)
    named = {name: set(re.findall(r'"(\w+)"', dependencies)) for name, dependencies in lines}
    for name, speaking in re.findall(r'\.adapter\("(\w+)"(?:, speaking: \[(.*?)\])?', package, re.S):
        named[name] = {"Federation", "Reports", *re.findall(r'"(\w+)"', speaking)}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}" for who, path, name in uses() if name not in named[who]
    ]
    assert wrong == []


def test_what_is_outside_is_touched_in_one_place():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in SOURCES
        for name in imports(path) & set(ONLY_IN)
        if module(path) not in ONLY_IN[name]
    ]
    assert wrong == []


def test_m1_only_the_guarded_client_opens_connections():
    # The database's connections are libpq's; names are asked for where their addresses are judged.
    others = [p for p in SOURCES + ADAPTERS if "Outbound" not in p.parts]
    pattern = r"\b(HTTPClient|ClientBootstrap|NIOTSConnectionBootstrap|URLSession|getaddrinfo)\b"
    assert offences(others, pattern) == []


def test_x2_no_banned_parser():
    swift = [
        p for folder in ("Sources", "Adapters", "Specs", "Tests") for p in (ROOT / folder).rglob("*.swift")
    ]
    assert offences(swift, r"\bimport (FoundationXML|XMLCoder)\b") == []


def test_h9_nothing_that_a_request_reaches_can_trap():
    # Where C is wrapped, an unwrapped pointer carries the sentence that makes it true.
    careful = [p for p in SOURCES + ADAPTERS if p.parts[len(ROOT.parts) + 1] not in ("Postgres", "XML")]
    assert offences(careful, r"\btry!|\bas!|\bfatalError\(|[\w)\]]!(?=[\s.,)\]?\[]|$)(?!=)") == []


def test_unsafe_sendable_only_where_c_is_wrapped():
    careful = [p for p in SOURCES + ADAPTERS if p.parts[len(ROOT.parts) + 1] not in WRAPPING_C]
    assert offences(careful, r"@unchecked Sendable|nonisolated\(unsafe\)|UnsafeMutable\w*Pointer") == []


def test_sql_is_in_the_case_store_only():
    # The way to somebody else's tables has theirs (decision 0017).
    others = [p for p in SOURCES if module(p) not in ("CaseStore", "Postgres", "Ways")]
    pattern = r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b"
    assert offences(others, pattern, text=lambda p: p.read_text()) == []


def test_files_are_named_after_their_subject():
    vague = re.compile(r"(Utils?|Utilities|Helpers?|Common|Core|Extensions|Managers?|Misc|New|V2)\.swift$")
    assert [str(p.relative_to(ROOT)) for p in SOURCES + ADAPTERS if vague.search(p.name)] == []


def test_no_city_and_no_vendor_in_the_sources():
    # A comment may say whose behaviour a rule answers to; the program may not know them.
    def uncommented(path: Path) -> str:
        return re.sub(r"(?m)^\s*//.*$", "", path.read_text())

    assert offences(SOURCES, NAMED_ELSEWHERE, text=uncommented) == []


def test_no_note_to_ourselves():
    folders = ("Sources", "Adapters", "Specs", "Tests", "Scripts", "Bench")
    files = [
        p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in (".swift", ".sql", ".sh", ".lua")
    ]
    assert offences(files, r"\b(TODO|FIXME|XXX|HACK)\b", text=lambda p: p.read_text()) == []


def test_migrations_are_named_and_numbered():
    names = sorted(p.name for p in (ROOT / "Sources/CaseStore/Migrations").iterdir())
    assert names, "there are migrations"
    for number, name in enumerate(names, 1):
        assert re.fullmatch(rf"m{number:04}-[a-z0-9-]+\.sql", name), name


def test_each_requirement_cited_exists():
    page = SPECS / "Requirements.md"
    assert page.exists(), "Specs/GeoReport/Requirements.md numbers the requirements"
    known = set(re.findall(r"\bGR-[A-Z]?[0-9]+(?:\.[0-9]+)*\b", page.read_text()))
    folders = ("Sources", "Adapters", "Specs", "Tests")
    files = [
        p for f in folders for p in (ROOT / f).rglob("*")
        if p.suffix in (".swift", ".sql", ".py", ".http", ".yaml") and p.is_file()
    ]  # fmt: skip
    wrong = [
        f"{p.relative_to(ROOT)}: {cited}"
        for p in files
        for cited in sorted(set(re.findall(r"\bGR-[A-Z]?[0-9]+(?:\.[0-9]+)*\b", p.read_text())))
        if cited not in known
    ]
    assert wrong == []


def bad_inputs() -> dict[int, list[tuple[str, str]]]:
    """The rows of Specs/BadInputs.md: the file and the name of each test that holds one."""
    rows = {}
    for line in (ROOT / "Specs" / "BadInputs.md").read_text().splitlines():
        if found := re.match(r"\| (\d+) \|.*\| ([^|]*) \|$", line):
            assert int(found[1]) not in rows, line
            rows[int(found[1])] = re.findall(r"(\w+\.(?:py|swift)) `([^`]+)`", found[2])
    return rows


def test_each_bad_input_has_its_row():
    # Blocks A, B and C, then G, H and I.
    assert sorted(bad_inputs()) == [*range(1, 82), *range(121, 159)]


def test_each_bad_input_has_its_test():
    files = {p.name: p.read_text() for p in (ROOT / "Tests").rglob("*") if p.suffix in (".py", ".swift")}
    missing = []
    for number, tests in bad_inputs().items():
        assert tests, f"row {number} has no test"
        for file, name in tests:
            declared = f"def {name}(" if file.endswith(".py") else f"func `{name}`("
            if declared not in files.get(file, ""):
                missing.append(f"{number}: {file} {name}")
    assert missing == []


def test_each_bad_input_of_a_table_is_in_that_table():
    table = (ROOT / "Tests" / "Harness" / "test_framing.py").read_text()
    numbers = {int(number) for number in re.findall(r'Row\(f?"(\d+)', table)}
    held = {number for number, tests in bad_inputs().items()
            if ("test_framing.py", "test_one_answer_and_the_right_one") in tests}  # fmt: skip
    assert held <= numbers, held - numbers


@pytest.mark.parametrize("script", ["run", "federation", "test", "lint", "chaos", "fuzz", "bench", "prepare", "dist"])
def test_scripts_can_be_run(script):
    assert (ROOT / "Scripts" / script).stat().st_mode & 0o111
