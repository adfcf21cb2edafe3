"""Projects of any size, made up from a seed: the shape of the real answers, nobody's words.

A question is ten notes, as the real ones are on average: itself, seven questions with answers, a
cloze and an output to predict; ten blocks of code, each with the output that its formula gives
(nothing is executed), five points, tables, mathematics; every tenth shows an image. Words are
drawn at random, so no two fronts are alike and `check` has nothing to say.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from torchdeck.read.syllabus import SYLLABUS_COLUMNS

NOTES_PER_QUESTION = 10
TOPICS = 12
IMAGE_EVERY = 10  # questions

_Program = Callable[[int, int, int], tuple[str, str]]  # of three sizes, to code and its output

_WORDS_OF_TWO = (
    "张量形状存储步长视图副本广播索引切片拼接梯度节点引擎叶子反向前向累积惩罚参数缓冲模块容器"
    "钩子权重偏置卷积通道池化残差编码解码注意掩码序列词表损失标签概率对数裁剪动量衰减预热调度"
    "步数轮次批次样本采样进程线程队列设备显存主机拷贝同步异步流水通信分片复制检查保存加载版本"
    "随机种子精度溢出缩放舍入量化校准导出追踪编译内核融合图层运行部署服务请求延迟吞吐剖析日志"
    "指标异常断言回归单元测试结果顺序条件边界范围长度维度元素数值类型字典"
)
_WORDS = [_WORDS_OF_TWO[at : at + 2] for at in range(0, len(_WORDS_OF_TWO), 2)]

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 40">
<rect x="1" y="1" width="{width}" height="38" fill="none" stroke="#000"/>
<path d="M 4 20 L {width} 20" stroke="#000"/><text x="8" y="16">stride</text>
</svg>
"""


def write_project(root: Path, notes: int) -> None:
    """Write a project of `notes` notes below `root`; the same for the same number."""
    content = root / "content"
    slugs = [f"topic-{number:02d}" for number in range(1, TOPICS + 1)]
    for slug in slugs:
        (content / slug).mkdir(parents=True)
    topics = (
        f'[[topics]]\nslug = "{slug}"\nname = "{slug}"\ndeck = "规模::{slug}"\nabout = "张量"\n'
        for slug in slugs
    )
    head = 'namespace = "scale/zh"\npytorch = "2.13.0"\nlanguage = "zh-Hans"\n'
    _write(content / "topics.toml", "\n".join([head, *topics]))
    rows = ["\t".join(SYLLABUS_COLUMNS)]
    for number in range(1, notes // NOTES_PER_QUESTION + 1):
        question = _Question(number)
        topic = slugs[number % TOPICS]
        rows.append(f"{number}\t{topic}\t{question.slug}\t{question.wording}\t")
        _write(content / topic / f"{question.slug}.md", question.text())
        if question.image:
            _write(content / topic / question.image, _SVG.format(width=100 + number))
    _write(content / "syllabus.tsv", "\n".join(rows) + "\n")


class _Question:
    """One question file."""

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)  # noqa: S311  # made-up text is no secret
        self._number = number
        self.slug = f"question-{number:05d}"
        self.wording = f"为什么{self._phrase(9)}?"
        self.image = f"{self.slug}.svg" if number % IMAGE_EVERY == 0 else None

    def text(self) -> str:
        return "\n\n".join([self._front_matter(), *self._answer(), *self._cards()]) + "\n"

    def _front_matter(self) -> str:
        page = "https://docs.pytorch.org/docs/stable/generated/torch"
        pages = "\n".join(f"  - {page}.{self._random.choice(_NAMES)}.html" for _ in range(4))
        return (
            f"---\nnumber: {self._number}\nquestion: {self.wording}\n"
            f"level: {self._number % 3 + 1}\ntags: [stride, memory]\nsources:\n{pages}\n---"
        )

    def _answer(self) -> Iterator[str]:
        yield "## 要点"
        yield "\n".join(f"- {self._sentence()}{self._sentence()}" for _ in range(4)) + (
            f"\n- {self._phrase(6)}：$\\text{{stride}}[i]={self._size()}\\times n^{{2}}$。"
        )
        yield "## 详解"
        for _ in range(5):
            yield f"**{self._phrase(2)}**：{self._sentence()}{self._sentence()}"
            yield self._code()
        yield r"$\bar{x}=\bar{y}^{\top}\frac{\partial y}{\partial x}$"
        yield self._table()
        if self.image:
            yield f"![{self._phrase(4)}]({self.image})"
        yield self._sentence()
        yield self._code()
        yield "## 易错"
        for _ in range(3):
            yield f"**{self._phrase(4)}**：{self._sentence()}见[文档](https://pytorch.org)。"
            yield self._code()

    def _cards(self) -> Iterator[str]:
        yield "## 追问"
        for index in range(4):
            yield from self._question_and_answer(f"follow-{index}")
        yield "## 卡片"
        yield f"### {self._phrase(3)} {{#cloze .cloze}}"
        yield (
            f"`{self._name()}` {self._phrase(4)}{{{{c1::{self._phrase(2)}}}}}，"
            f"{self._phrase(6)}{{{{c2::{self._phrase(1)}}}}}。"
        )
        yield f"### {self._phrase(9)}之后输出什么？ {{#predict .predict}}"
        yield self._code([_predicted])
        yield self._sentence()
        for index in range(3):
            yield from self._question_and_answer(f"card-{index}")

    def _question_and_answer(self, slug: str) -> Iterator[str]:
        name = self._name()
        yield f"### `{name}` {self._phrase(7)}，为什么？ {{#{slug}}}"
        yield f"{self._phrase(8)}，`{name}` {self._phrase(6)}；{self._phrase(8)}。"

    def _table(self) -> str:
        rows = [f"| {self._phrase(2)} | `{self._name()}` | {self._phrase(5)} |" for _ in range(4)]
        return "\n".join(["| 输入 | 方法 | 作用 |", "| --- | --- | --- |", *rows])

    def _code(self, programs: Sequence[_Program] | None = None) -> str:
        """Return a block and the output that its formula gives."""
        program = self._random.choice(programs or _PROGRAMS)
        code, output = program(self._size(), self._size(), self._size())
        return f"```python\n{code}\n```\n\n```output\n{output}\n```"

    def _sentence(self) -> str:
        """Return some 40 characters with inline code, and sometimes mathematics."""
        end = self._random.choice((self._phrase(3), f" $n_{{{self._size()}}}\\times d^2$ "))
        name, other = self._name(), self._name()
        return f"{self._phrase(7)}，`{name}` {self._phrase(4)} `{other}`，{self._phrase(3)}{end}。"

    def _phrase(self, words: int) -> str:
        return "".join(self._random.choices(_WORDS, k=words))

    def _name(self) -> str:
        return f"{self._random.choice(_NAMES)}({self._size()})"

    def _size(self) -> int:
        return self._random.randrange(2, 900)


_NAMES = ("view", "reshape", "permute", "expand", "gather", "scatter", "flatten", "unfold", "roll")


def _strides(rows: int, columns: int, more: int) -> tuple[str, str]:
    return (
        f"""\
import torch

def shares(a, b):
    p = a.untyped_storage().data_ptr()
    return p == b.untyped_storage().data_ptr()

x = torch.zeros({rows}, {columns})
v = x.view({columns}, -1)
v[0, 0] = {more}  # 也写进 x
assert x[0, 0] == {more}
print(x.stride(), v.stride(), shares(v, x))
print(x.storage_offset(), shares(x.clone(), x))
print(x.t().stride(), x.t().is_contiguous())""",
        f"({columns}, 1) ({rows}, 1) True\n0 False\n(1, {columns}) False",
    )


def _gradients(rows: int, columns: int, more: int) -> tuple[str, str]:
    return (
        f"""\
from torch import nn, ones

w = ones({rows}, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.5, momentum=0.9)
loss_of = {{
    "sum": lambda t: ({more} * t).sum(),
    "mean": lambda t: t.mean(),
}}
for step in range({columns}):
    opt.zero_grad()  # 不清零就会累积
    loss = loss_of["sum"](w)
    loss.backward()
    if step % 100 == 0:
        opt.step()
print(w.grad.shape, w.grad[0].item(), sorted(loss_of))
print(nn.Linear({rows}, {more}).weight.shape)""",
        f"torch.Size([{rows}]) {more}.0 ['mean', 'sum']\ntorch.Size([{more}, {rows}])",
    )


def _modules(rows: int, columns: int, more: int) -> tuple[str, str]:
    return (
        f"""\
class Net(nn.Module):
    def __init__(self, width={rows}):
        super().__init__()
        self.fc = nn.Linear(width, {columns}, bias=False)
        self.steps = nn.Buffer(torch.tensor({more}))

    def forward(self, x):
        return self.fc(x).relu() * 0.5

net = Net()
print([name for name, _ in net.named_parameters()])
print(net.steps.item(), net.fc.weight.numel())""",
        f"['fc.weight']\n{more} {rows * columns}",
    )


def _errors(rows: int, columns: int, more: int) -> tuple[str, str]:
    return (
        f"""\
a, b = torch.ones({rows}, 1), torch.ones(1, {columns})
try:
    torch.ones({rows}).view(-1, -1)
except RuntimeError as error:
    print(f"{{error}}: {more}")
else:
    raise AssertionError("-1 stands twice")

def kind(op, t):
    return "view" if op(t)._base is t else "copy"

ops = (lambda t: t.t(), lambda t: t.clone())
with torch.no_grad():
    print((a + b).shape, "sum", int((a * b).sum()))
print([kind(op, a) for op in ops], a.dtype)""",
        f"""\
only one dimension can be inferred: {more}
torch.Size([{rows}, {columns}]) sum {rows * columns}
['view', 'copy'] torch.float32""",
    )


def _predicted(rows: int, columns: int, more: int) -> tuple[str, str]:
    return (
        f"""\
import torch

x = torch.zeros({rows}, {columns})
y = x.t().unsqueeze(-1)
print(y.shape, {more} * y.numel())""",
        f"torch.Size([{columns}, {rows}, 1]) {more * rows * columns}",
    )


_PROGRAMS = (_strides, _gradients, _modules, _errors)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
