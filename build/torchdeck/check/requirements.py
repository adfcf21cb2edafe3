"""Rules that hold `requires` against what the code imports, without installing anything."""

import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from torchdeck.check.syntax import imported_modules, syntax_of
from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.question import CodeBlock, Question
from torchdeck.rules import Rule

# torch itself is always there; numpy is not an answer's to rely on unless it says so.
_ALWAYS = frozenset({"torch", *sys.stdlib_module_names})

# Distributions whose modules have other names than they.
_MODULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pillow": ("PIL",),
        "pyyaml": ("yaml",),
        "scikit-learn": ("sklearn",),
        "torchserve": ("ts",),
    }
)

# Parts of torch that need a distribution of somebody else.
_NEEDED_BY_TORCH: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "torch.utils.tensorboard": ("tensorboard",),
        "torch.onnx": ("onnx", "onnxscript"),
    }
)


def requires_what_it_imports(question: Question, _edition: Edition) -> Iterator[Finding]:
    """What the code imports is in `requires`, so that an author's machine installs it."""
    provided = {module for name in question.requires for module in _modules(name)}
    provided |= {_stem(block) for block in question.blocks if block.words.file}
    told: set[str] = set()
    for block, module, line in _imports(question):
        root = module.partition(".")[0]
        if root not in _ALWAYS and root not in provided and root not in told:
            told.add(root)
            place = Location(block.location.file, block.location.line + line)
            message = f"imports {root}; add its distribution to `requires`"
            yield Finding(place, Rule.REQUIRES_MISSING, message)


def imports_what_it_requires(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Nothing is installed for a file that does not use it."""
    if not question.requires:
        return
    modules = {module for _, module, _ in _imports(question)}
    roots = {module.partition(".")[0] for module in modules}
    commands = " ".join(block.code for block in question.blocks if block.language == "bash")
    for name in question.requires:
        needed_by = [module for module, names in _NEEDED_BY_TORCH.items() if name in names]
        used = (
            roots.intersection(_modules(name))
            or modules.intersection(needed_by)
            or _calls_into(question, needed_by)
            or name in commands
        )
        if not used:
            place = Location(question.location.file, question.lines["requires"])
            message = f"nothing imports {name}; remove it from `requires`"
            yield Finding(place, Rule.REQUIRES_UNUSED, message)


def _imports(question: Question) -> Iterator[tuple[CodeBlock, str, int]]:
    for block in question.blocks:
        # Few blocks import; looking at every node of the others takes a while.
        if block.takes_part and block.language == "python" and "import" in block.code:
            for module, line in imported_modules(syntax_of(block.code)):
                yield block, module, line


def _calls_into(question: Question, modules: list[str]) -> bool:
    """Tell whether the code writes out the name of one of `modules`, such as `torch.onnx`."""
    return any(module in block.code for block in question.blocks for module in modules)


def _modules(distribution: str) -> tuple[str, ...]:
    name = distribution.lower()
    return _MODULES.get(name, (name.replace("-", "_"), name.replace("-", ".")))


def _stem(block: CodeBlock) -> str:
    return str(block.words.file).rpartition("/")[2].removesuffix(".py")
