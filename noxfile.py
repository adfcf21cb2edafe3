"""The sessions a person runs; `nox` alone runs the main job, `nox -s tests` the tests.

The sessions work in one environment, which `env` makes and keeps up to date: what they install
comes from `requirements.lock`.
"""

import hashlib
import os
import secrets
import sys
import tempfile
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"

ROOT = Path(__file__).parent
LOCK = ROOT / "requirements.lock"
ENVIRONMENT = ROOT / ".nox" / "env"
EXECUTABLES = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
STAMP = ENVIRONMENT / "torchdeck-installed"
LOCKS = ROOT / "build" / "locks"  # of other PyTorch than that of the content
RECORDS = ROOT / "content" / "records"
TOPICS = ROOT / "content" / "topics.toml"
PINNED = tomllib.loads(TOPICS.read_text(encoding="utf-8"))["pytorch"]
VERSIONS = ("2.12.1", "2.13.0", "2.14.1", "2.15.0")
PYTHONS = ("3.11", "3.12", "3.13")
WITHOUT_CONTENT = "not fuzz and not content"  # for environments without what the answers import
# What each needs to work today stands behind it; md2anki's source needs Python 3.12.
PEERS = {
    "ankdown": ("python3.11", ["ankdown==0.7.1", "pyyaml==5.3.1"]),
    "markdown-anki-decks": (
        "python3.11",
        ["markdown-anki-decks==1.1.1", "click<8.2", "pygments"],
    ),
    "ankcompiler": ("python3.11", ["ankcompiler==0.6.0"]),
    "md2anki": ("python3.12", ["md2anki==3.1.0"]),
}
GROUPS = nox.project.load_toml(ROOT / "pyproject.toml")
ALL_GROUPS = [word for name in GROUPS["dependency-groups"] for word in ("--group", name)]


def _wanted_versions() -> tuple[str, ...]:
    """Return the versions of the matrix: those behind `--torch`, or the usual ones."""
    given = tuple(value for word, value in pairwise(sys.argv) if word == "--torch")
    return given or VERSIONS


@nox.session(reuse_venv=True, default=False)
def env(session: nox.Session) -> None:
    """Make the environment that the other sessions share."""
    session.log("torch is among the packages: the first time takes a while")
    _install(session, "--editable", ".[run,build,verify,preview]")
    _install(session, "nox")  # so that the sessions can be called from the activated environment


@nox.session(venv_backend="none", requires=["env"], default=True)
def main(session: nox.Session) -> None:
    """Check, execute, build and verify: everything, or the files given behind `--`."""
    _torchdeck(session, "check", *session.posargs)
    _install_required(session, *_paths(session))
    _torchdeck(session, "run", *session.posargs)
    if not session.posargs:
        _torchdeck(session, "build")
        _torchdeck(session, "verify")
        return
    with tempfile.TemporaryDirectory(prefix="torchdeck-decks-") as decks:
        _torchdeck(session, "build", "--output", decks, *session.posargs)
        _torchdeck(session, "verify", decks)


@nox.session(venv_backend="none", requires=["env"], default=False)
def run(session: nox.Session) -> None:
    """Execute question files; parameters of `torchdeck run` stand behind `--`."""
    _install_required(session, *_paths(session))
    _torchdeck(session, "run", *session.posargs)


@nox.session(venv_backend="none", requires=["env"], default=False)
def tests(session: nox.Session) -> None:
    """Run the tests, with the real torch and the real Anki; pytest gets what stands behind `--`."""
    _install_group(session, "tests")
    if not session.posargs:
        _install_required(session)  # some answers are executed again
    _python(session, "pytest", *session.posargs)


@nox.session(venv_backend="none", requires=["env"], default=False)
def fuzz(session: nox.Session) -> None:
    """Make up histories of releases and learners, question files, and at last bytes.

    A thousand histories and five thousand files, then five minutes of bytes, where there is a
    fuzzer (not on Windows). Prints the seed, and how often each move was made;
    `-- --hypothesis-seed=N` repeats histories and files. `-- -max_total_time=60` makes up bytes
    only, for so many seconds.
    """
    _install_group(session, "tests")
    bytes_only = [word for word in session.posargs if word.startswith("-max_total_time=")]
    if not bytes_only:
        seed = [] if session.posargs else [f"--hypothesis-seed={secrets.randbelow(2**32)}"]
        session.log(f"histories and files: {' '.join([*seed, *session.posargs])}")
        _python(session, "pytest", "-m", "fuzz", "-s", *seed, *session.posargs)
    if sys.platform != "win32":
        _install_group(session, "fuzz")
        _python(session, "tests.fuzz_bytes", *(bytes_only or ["-max_total_time=300"]))


@nox.session(venv_backend="none", requires=["env"], default=False)
def release(session: nox.Session) -> None:
    """Release the committed decks: `nox -s release -- VERSION [--since REVISION]`.

    All code is executed anew, the decks must be what the content builds, and learners come from
    every release that is kept in tests/releases/.
    """
    _torchdeck(session, "check")
    _install_required(session)
    _torchdeck(session, "run", "--force", "--require-guards")
    _torchdeck(session, "build", "--check")
    older = sorted(path for path in (ROOT / "tests" / "releases").iterdir() if path.is_dir())
    _torchdeck(session, "verify", *(word for path in older for word in ("--since", str(path))))
    _torchdeck(session, "release", *session.posargs)


@nox.session(venv_backend="none", requires=["env"], default=False)
def lint(session: nox.Session) -> None:
    """Run the linters and the type checker; hold the workflows against GitHub's schema."""
    _install_group(session, "tests")
    _install_group(session, "browser")
    _install_group(session, "lint")
    _python(session, "ruff", "check")
    _python(session, "ruff", "format", "--check")
    _python(session, "mypy")
    workflows = sorted(map(str, (ROOT / ".github" / "workflows").glob("*.yml")))
    schema = ("--builtin-schema", "vendor.github-workflows")
    _python(session, "check_jsonschema", *schema, *workflows)


@nox.session(venv_backend="none", requires=["env"], default=False)
def licences(session: nox.Session) -> None:
    """Write docs/licences.md from what everything that is installed says of itself."""
    for group in ("licences", "tests", "browser", "lint", "bench", "content"):
        _install_group(session, group)
    _python(session, "tests.licences")


@nox.session(venv_backend="none", requires=["env"], default=False)
def isolation(session: nox.Session) -> None:
    """Execute all content in fresh interpreters, and with the plainest CPU kernels.

    Forking and vector instructions must change no output.
    """
    _install_required(session, *_paths(session))
    _torchdeck(session, "run", "--force", "--isolation", "spawn", *session.posargs)
    session.env["ATEN_CPU_CAPABILITY"] = "default"
    _torchdeck(session, "run", "--force", *session.posargs)


@nox.session(venv_backend="none", requires=["env"], default=False)
def browser(session: nox.Session) -> None:
    """Look at every side of every card in a real Chromium, and use the preview page."""
    _install_group(session, "browser")
    _install(session, "--no-deps", "aqt")  # for Anki's own reviewer page, without its Qt
    _python(session, "pytest", "tests/browser", *session.posargs)


@nox.session(reuse_venv=True, default=False)
def pictures(session: nox.Session) -> None:
    """Take the pictures of the READMEs: Anki's own program imports a deck and shows its cards."""
    session.install("--constraint", str(LOCK), "aqt[qt]")
    session.run("python", "tests/anki_desktop.py", "decks/tensor.apkg", "docs/pictures")


@nox.session(venv_backend="none", requires=["env"], default=False)
def bench(session: nox.Session) -> None:
    """Print figures, each as a ratio to a baseline of the same run."""
    _install_group(session, "bench")
    _install_required(session)
    _python(session, "tests.bench_check")
    _python(session, "tests.bench_scale")
    _python(session, "tests.bench_execute")
    _install_group(session, "browser")
    _python(session, "tests.browser.bench_preview")


@nox.session(venv_backend="none", requires=["env"], default=False)
def peers(session: nox.Session) -> None:
    """Build the same notes with other makers of decks, and import what they make (Linux, macOS)."""
    _install_group(session, "tests")
    folder = Path(session.create_tmp()).resolve()
    for name, (python, requirements) in PEERS.items():
        if not (folder / name).exists():
            session.run(python, "-m", "venv", str(folder / name), external=True)
        pip = str(folder / name / "bin" / "pip")
        # Their old source distributions are built with what is here, as they were then.
        session.run(pip, "install", "--quiet", "setuptools<81", "wheel", external=True)
        options = ("--quiet", "--no-build-isolation")
        session.run(pip, "install", *options, *requirements, external=True)
    _python(session, "tests.peers", str(folder))


@nox.session(reuse_venv=True, default=False)
@nox.parametrize("torch", _wanted_versions())
def matrix(session: nox.Session, torch: str) -> None:
    """Execute all content under several PyTorch, each in an environment of its own; keep records.

    `-- --torch 2.15.0` does one version. A package that does not exist for a version is passed
    over, and its blocks are recorded as not executed.
    """
    constraint = _lock_of(session, torch)
    session.install("--constraint", str(constraint), f"torch=={torch}")
    session.install("--constraint", str(constraint), "--editable", ".[run]")
    required = str(session.run("torchdeck", "requires", silent=True)).split()
    for name in required:
        session.install("--constraint", str(constraint), name, success_codes=[0, 1])
    session.run("torchdeck", "run", "--force", "--record", success_codes=[0, 1])


@nox.session(reuse_venv=True, default=False)
def watch(session: nox.Session) -> None:
    """Execute all content under the newest PyTorch there is, unless that was recorded before.

    For a job that runs on a schedule: `nox -s watch -- REPORT.md`. The report is Markdown; without
    news none is written. Ends with 1 if a block fails or prints something else.
    """
    report = Path(*session.posargs) if session.posargs else ROOT / ".nox" / "watch.md"
    newest = _newest_torch(session)
    recorded = [path.stem.split("-") for path in RECORDS.glob("torch-*.json")]
    if any(build.partition("+")[0] == newest for _, build, *device in recorded if not device):
        session.log(f"no news: PyTorch {newest} is recorded")
        return
    _nox(session, "matrix", "--torch", newest)
    versions = (PINNED, newest)
    found = _under(session, newest, "drift", *versions, "--format", "markdown", silent=True)
    report.write_text(str(found), encoding="utf-8")
    session.log(f"report: {report}")
    _under(session, newest, "drift", *versions)


@nox.session(reuse_venv=True, requires=["env"], default=False)
def upgrade(session: nox.Session) -> None:
    """Move the content to another PyTorch: `nox -s upgrade -- 2.15.0`, look, then add `--accept`.

    The first call executes everything under it and prints what it changes. Look at every place:
    does the answer still say what is true? With `--accept` the version is pinned and locked,
    what it prints is accepted, the decks are built, and what learners will get is printed.
    """
    version, *accept = session.posargs or [""]
    if not version or accept not in ([], ["--accept"]):
        session.error("say which version: nox -s upgrade -- 2.15.0 [--accept]")
    if not accept:
        _nox(session, "matrix", "--torch", version)
        session.log(_under(session, version, "drift", PINNED, version, silent=True))
        session.log(f"looked at all of it? nox -s upgrade -- {version} --accept")
        return
    _pin(session, version)
    _install(session, "--editable", ".[run,build,verify,preview]")
    _install_required(session)
    _torchdeck(session, "check")
    _torchdeck(session, "run", "--accept")
    _torchdeck(session, "run", "--record")
    _torchdeck(session, "build")
    _torchdeck(session, "verify")
    _torchdeck(session, "changes", "HEAD")


@nox.session(reuse_venv=True, default=False)
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest versions that pyproject.toml allows.

    PyTorch is that of the content, since the tests compare its outputs; `matrix` is for others.
    """
    lowest = Path(session.create_tmp()) / "minimums.lock"
    _resolve(session, lowest, PINNED, "--group", "tests", "--resolution", "lowest-direct")
    tests = nox.project.dependency_groups(GROUPS, "tests")
    everything = ("--editable", ".[run,build,verify,preview]", *tests)
    session.install("--constraint", str(lowest), *everything)
    session.run("pytest", "-m", WITHOUT_CONTENT, *session.posargs)


@nox.session(python=PYTHONS, reuse_venv=True, default=False)
def pythons(session: nox.Session) -> None:
    """Run the tests under each supported Python; nox says which this machine does not have.

    pip must find a PyTorch for it; on Linux that may be a CUDA build of several gigabytes.
    """
    tests = nox.project.dependency_groups(GROUPS, "tests")
    everything = ("--editable", ".[run,build,verify,preview]", *tests)
    session.install("--constraint", str(LOCK), *everything)
    session.run("pytest", "-m", WITHOUT_CONTENT, *session.posargs)


@nox.session(reuse_venv=True, default=False)
def lock(session: nox.Session) -> None:
    """Resolve `requirements.lock` anew, for every platform, with the PyTorch of the content."""
    _resolve(session, LOCK, PINNED, *ALL_GROUPS, *session.posargs)


def _newest_torch(session: nox.Session) -> str:
    """Return the newest release of PyTorch on the index, without its build."""
    session.install("uv")
    wanted = Path(session.create_tmp()) / "newest.txt"
    wanted.write_text("torch\n", encoding="utf-8")
    command = ("uv", "pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate")
    (pin,) = str(session.run(*command, str(wanted), silent=True)).split()
    return pin.removeprefix("torch==").partition("+")[0]


def _pin(session: nox.Session, version: str) -> None:
    """Make `version` the PyTorch of the content; what was pinned gets a lock of its own."""
    settings = TOPICS.read_text(encoding="utf-8")
    old, new = (f'pytorch = "{pinned}"' for pinned in (PINNED, version))
    if settings.count(old) != 1:
        session.error(f"{TOPICS}: one line should read {old}")
    (LOCKS / f"torch-{PINNED}.lock").write_bytes(LOCK.read_bytes())
    (LOCKS / f"torch-{version}.lock").unlink(missing_ok=True)
    _resolve(session, LOCK, version, *ALL_GROUPS)
    TOPICS.write_text(settings.replace(old, new), encoding="utf-8")


def _nox(session: nox.Session, name: str, *arguments: str) -> None:
    """Run another session to its end."""
    session.run(sys.executable, "-m", "nox", "-s", name, "--", *arguments, external=True)


def _under(session: nox.Session, torch: str, *arguments: str, silent: bool = False) -> Any:
    """Run torchdeck in the environment that the matrix has for a version."""
    folder = ROOT / ".nox" / f"matrix-torch-{torch.replace('.', '-')}" / EXECUTABLES.name
    command = (str(folder / "python"), "-m", "torchdeck", *arguments)
    codes = [0, 1] if silent else [0]
    return session.run(*command, external=True, silent=silent, success_codes=codes)


def _lock_of(session: nox.Session, torch: str) -> Path:
    """Return the lock of a version; the first time it is resolved, and is to be committed."""
    if torch == PINNED:
        return LOCK
    path = LOCKS / f"torch-{torch}.lock"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        # What packages do not declare: which of their versions is made for this PyTorch.
        known = LOCKS / f"torch-{torch}.constraints"
        options = ("--constraint", str(known)) if known.exists() else ()
        _resolve(session, path, torch, "--group", "content", *options)
    return path


def _resolve(session: nox.Session, output: Path, torch: str, *options: str) -> None:
    session.install("uv")
    pin = Path(session.create_tmp()) / "torch.txt"
    pin.write_text(f"torch=={torch}\n", encoding="utf-8")
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", str(pin), "--all-extras", "--universal"),
        *("--no-header", "--no-annotate", "--python-version", "3.11"),
        *("--output-file", str(output), *options),
    )


def _torchdeck(session: nox.Session, *arguments: str) -> None:
    _python(session, "torchdeck", *arguments)


def _python(session: nox.Session, module: str, *arguments: str) -> None:
    session.run(str(EXECUTABLES / "python"), "-m", module, *arguments, external=True)


def _paths(session: nox.Session) -> list[str]:
    return [word for word in session.posargs if not word.startswith("-")]


def _install_required(session: nox.Session, *paths: str) -> None:
    """Install what the question files under `paths`, or all of them, import.

    Only what the lock knows: a Markdown file alone installs nothing that nobody has looked at.
    """
    output = session.run(
        str(EXECUTABLES / "python"),
        *("-m", "torchdeck", "requires", *paths),
        external=True,
        silent=True,
    )
    names = str(output).split()
    locked = {line.partition("==")[0] for line in LOCK.read_text(encoding="utf-8").splitlines()}
    if unknown := sorted(set(names) - locked):
        session.error(
            f"not in {LOCK.name}: {', '.join(unknown)}; add them to the group `content` of "
            "pyproject.toml, then `nox -s lock`"
        )
    _install(session, *names)


def _install_group(session: nox.Session, group: str) -> None:
    _install(session, *nox.project.dependency_groups(GROUPS, group))


def _install(session: nox.Session, *requirements: str) -> None:
    """Install `requirements` in the shared environment, unless exactly that was done before."""
    if not requirements:
        return
    digest = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes())
    line = f"{digest.hexdigest()} {' '.join(requirements)}"
    done = STAMP.read_text(encoding="utf-8").splitlines() if STAMP.exists() else []
    if line in done:
        session.log(f"{' '.join(requirements)}: installed already")
        return
    session.run_install(
        str(EXECUTABLES / "python"),
        *("-m", "pip", "install", "--quiet", "--constraint", str(LOCK), *requirements),
        external=True,
    )
    STAMP.write_text("\n".join([*done, line]) + "\n", encoding="utf-8")
