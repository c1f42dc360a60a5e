"""The documentation site: its tutorials, deployment files, links and pages."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location

import pytest
import typer
import yaml

import daybreak
from daybreak import Client
from daybreak.cli.app import app, run
from daybreak.data import read_folder
from tests.server.conftest import until
from tests.test_docs import ROOT, WALKS, name

DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGE_URL = "http://127.0.0.1:8000"
DEPLOYED = [
    "Dockerfile",
    "compose.yaml",
    "compose.postgres.yaml",
    "compose.cluster.yaml",
    "daybreak.service",
    "nginx.conf",
]


@pytest.fixture(scope="module")
def small_files(tmp_path_factory):
    """A folder with a very small cut of the gift shop, whose items have a price."""
    folder = tmp_path_factory.mktemp("small")
    tables = read_folder(daybreak.gift_shop()).tables
    users = tables.users.gather_every(150)
    events = tables.events.join(users.select("user_id"), on="user_id").gather_every(3)
    items = tables.items.join(events.select("item_id").unique(), on="item_id")
    items = items.rename({"median_price": "price"})
    for table, frame in {"events": events, "items": items, "users": users}.items():
        frame.write_csv(folder / f"{table}.csv")
    return folder


class Walk:
    """Runs the blocks of one page, with a server if the page starts one."""

    def __init__(self):
        self.url, self.server, self.assignments = PAGE_URL, None, ""
        self.space = {}

    def run_block(self, language, code):
        if language == "python":
            exec(compile(code.replace(PAGE_URL, self.url), "block", "exec"), self.space)
            return
        for line in code.replace("\\\n", " ").splitlines():
            self.run_line(line)

    def run_line(self, line):
        words = shlex.split(line, comments=True)
        if words[:2] == ["daybreak", "serve"]:
            self.start_server(words[1:])
        elif words[:1] == ["daybreak"]:
            assert run(words[1:]) == 0, line
        elif words[:1] == ["curl"]:
            self.run_curl(line)
        else:
            assert re.fullmatch(r"\w+=\S+", line), f"not run: {line}"
            self.assignments += f"{line}\n"

    def run_curl(self, line):
        script = f"{self.assignments}{line} --fail-with-body".replace(PAGE_URL, self.url)
        answer = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, (line, answer.stdout)

    def start_server(self, words):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        options = [port if word == "8000" else word for word in words]
        self.url = f"http://127.0.0.1:{port}"
        self.server = subprocess.Popen(
            [sys.executable, "-m", "daybreak", *options],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        with Client(self.url) as client:
            until(client.is_ready)

    def close(self):
        if self.server is not None:
            self.server.kill()
            self.server.wait()


@pytest.mark.parametrize("page", WALKS, ids=name)
def test_the_commands_of_a_page_run(page, small_files, tmp_path, monkeypatch, capsys):
    for file in small_files.glob("*.csv"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    for variable in [key for key in os.environ if key.startswith("DAYBREAK_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("DAYBREAK_ENCODER", "none")
    walk = Walk()
    try:
        for language, code in BLOCK.findall(page.read_text("utf-8")):
            walk.run_block(language, code)
    finally:
        walk.close()


def test_the_translated_tutorial_has_the_same_commands():
    english, chinese = (
        re.sub(r"Kunde|顾客", "", (DOCS / path).read_text("utf-8"))
        for path in ("tutorial.md", "zh/tutorial.md")
    )
    commands = [block for block in BLOCK.findall(english) if block[0] == "sh"]
    assert BLOCK.findall(chinese) == commands


@pytest.mark.parametrize("file", DEPLOYED)
def test_the_page_shows_the_files_of_the_deployment(file):
    shown = (DOCS / "deployment.md").read_text("utf-8")
    assert f"\n{(ROOT / 'deploy' / file).read_text('utf-8')}```\n" in shown


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("Dockerfile", r"^CMD (\[.*?\])$"),
        ("daybreak.service", r"^ExecStart=\S+/daybreak (.*)$"),
    ],
)
def test_the_options_of_the_deployment_exist(file, pattern):
    (found,) = re.findall(pattern, (ROOT / "deploy" / file).read_text("utf-8"), re.MULTILINE)
    words = yaml.safe_load(found) if found.startswith("[") else found.split()
    command = typer.main.get_command(app).commands[words[0]]
    command.make_context(words[0], list(words[1:]))


def test_the_image_copies_files_that_exist_and_installs_the_locked_dependencies():
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    copied = [
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for word in line.split()[:-1]
    ]
    assert copied
    assert all((ROOT / word).exists() for word in copied)
    assert "--require-hashes -r requirements.lock" in text


@pytest.mark.parametrize("file", ["compose.yaml", "compose.postgres.yaml"])
def test_the_services_are_those_that_compose_can_start(file):
    services = yaml.safe_load((ROOT / "deploy" / file).read_text("utf-8"))["services"]
    for service in services.values():
        volumes = [volume.split(":")[0] for volume in service.get("volumes", [])]
        assert set(volumes) <= {"data", "database"}
    built = services["daybreak"].get("build")
    assert built is None or (ROOT / "deploy" / built["context"] / built["dockerfile"]).exists()


@pytest.fixture(scope="module")
def cluster():
    return yaml.safe_load((ROOT / "deploy" / "compose.cluster.yaml").read_text("utf-8"))


def test_the_cluster_has_two_servers_one_trainer_and_one_store(cluster):
    services = cluster["services"]
    assert set(services) == {"trainer", "server-1", "server-2", "balancer", "database"}
    own = [services[name] for name in ("trainer", "server-1", "server-2")]
    assert len({one["environment"]["DAYBREAK_STORE"] for one in own}) == 1
    assert [one["command"].count("--retrain") for one in own] == [1, 0, 0]
    command = typer.main.get_command(app).commands["serve"]
    for one in own:
        assert one["command"][0] == "serve"
        command.make_context("serve", list(one["command"][1:]))


def test_the_cluster_runs_without_privileges_and_with_health_checks(cluster):
    services = cluster["services"]
    image = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    assert "USER daybreak" in image
    assert "HEALTHCHECK" in image
    for role in ("trainer", "server-1", "server-2"):
        assert services[role]["read_only"]
        assert services[role]["cap_drop"] == ["ALL"]
        assert services[role]["security_opt"] == ["no-new-privileges:true"]
    assert services["balancer"]["read_only"]
    assert all("healthcheck" in services[role] for role in ("balancer", "database"))


def test_everything_that_the_cluster_waits_for_or_mounts_exists(cluster):
    services = cluster["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        named = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert named <= set(cluster["volumes"])
    content = cluster["configs"]["balancer"]["content"]
    assert set(re.findall(r"server (server-\d):8000;", content)) == {"server-1", "server-2"}
    assert_closed_blocks(content)


def test_blocks_of_nginx_are_closed():
    assert_closed_blocks((ROOT / "deploy" / "nginx.conf").read_text("utf-8"))


def assert_closed_blocks(text):
    assert text.count("{") == text.count("}")
    for line in text.splitlines():
        stripped = line.split("#")[0].strip()
        assert not stripped or stripped[-1] in "{};"


@pytest.fixture(scope="module")
def hooks():
    spec = spec_from_file_location("site_pages", ROOT / "tools" / "site_pages.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("here", "link", "site"),
    [
        ("docs/cli.md", "[a](live.md#x)", "[a](live.md#x)"),
        (
            "docs/store.md",
            "[a](../benchmarks/results/load.md)",
            "[a](benchmarks/results/load.md)",
        ),
        (
            "docs/strategies/README.md",
            "[a](../../benchmarks/results)",
            "[a](../benchmarks/README.md)",
        ),
        ("benchmarks/README.md", "[`a`](../src/daybreak/rng.py)", "`a`"),
        ("benchmarks/README.md", "![a](../docs/images/x.svg)", "![a](../images/x.svg)"),
        ("CONTRIBUTING.md", "[a](docs/dependencies.md)", "[a](dependencies.md)"),
        ("docs/cli.md", "[a](https://example.org/x.md)", "[a](https://example.org/x.md)"),
        ("docs/cli.md", "[a](#settings)", "[a](#settings)"),
    ],
)
def test_links_hold_on_the_site(hooks, here, link, site):
    assert hooks._LINK.sub(lambda found: hooks.site_link(found, here), link) == site


def test_the_site_is_built_without_warnings_and_loads_nothing_from_elsewhere(tmp_path):
    target = tmp_path / "site"
    for file, folder in {"mkdocs.yml": target, "mkdocs.zh.yml": target / "zh"}.items():
        options = ("--quiet", "--config-file", file, "--site-dir", str(folder))
        built = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stdout + built.stderr
    for page in (
        "index.html",
        "tutorial/index.html",
        "zh/index.html",
        "reference/client/index.html",
    ):
        assert (target / page).exists()
    loads = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["'](https?:)?//""")
    for page in target.rglob("*.html"):
        found = [
            tag for tag in loads.finditer(page.read_text("utf-8")) if "canonical" not in tag[0]
        ]
        assert not found, (page, found[0])
    for style in target.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?https?:|@import", style.read_text("utf-8")), style
