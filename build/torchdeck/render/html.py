"""Bodies to HTML: markdown-it's renderer with this project's rules for a few tokens."""

from collections.abc import Mapping, MutableMapping, Sequence
from html import escape
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from torchdeck.read.markdown import markdown_parser
from torchdeck.read.question import Body, ClozeMark, CodeBlock, Prose
from torchdeck.render.highlight import highlight

NOT_RUN = "未运行"


class _Renderer(RendererHTML):
    """Renders tokens for cards; the environment maps image targets to media names."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        del options, env
        language = tokens[idx].info.split()[0] if tokens[idx].info.split() else "text"
        return code_html(tokens[idx].content, language)

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        del options, env
        return f"<code>{escape(tokens[idx].content, quote=False)}</code>"

    def image(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,
        env: MutableMapping[str, Any],
    ) -> str:
        del options
        token = tokens[idx]
        name = env["media"][str(token.attrs["src"])]
        description = " ".join(token.content.split())  # no line end: genanki warns of those
        return f'<img src="{escape(name)}" alt="{escape(description)}">'

    def math_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        del options, env
        return rf"\({escape(tokens[idx].content.strip(), quote=False)}\)"

    def math_inline_double(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any
    ) -> str:
        del options, env
        return rf"\[{escape(tokens[idx].content.strip(), quote=False)}\]"

    def math_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        del options, env
        return f"<p>\\[{escape(tokens[idx].content.strip(), quote=False)}\\]</p>\n"


_OPTIONS = markdown_parser().options
_RENDERER = _Renderer()


class BodyRenderer:
    """Renders the bodies of one question.

    Attributes:
        media: Media name by image target as written in the file.
        recorded: What to say beside a block whose output was recorded elsewhere, by its line.
    """

    def __init__(self, media: Mapping[str, str], recorded: Mapping[int, str]) -> None:
        """Keep what the file alone does not say."""
        self.media = media
        self.recorded = recorded

    def body(self, body: Body) -> str:
        """Return the HTML of `body`, with the output below each block."""
        return "".join(self._part(part) for part in body).strip()

    def inline(self, tokens: Sequence[Token]) -> str:
        """Return the HTML of a heading's inline tokens."""
        html = _RENDERER.renderInline(tokens, _OPTIONS, {"media": self.media})
        return str(html).strip()

    def code(self, block: CodeBlock) -> str:
        """Return the HTML of a block's code, with what must be said about its execution."""
        return self._code(block)

    def output(self, block: CodeBlock) -> str:
        """Return the HTML of a block's accepted output, or an empty text."""
        return self._output(block)

    def _part(self, part: Prose | CodeBlock) -> str:
        if isinstance(part, Prose):
            return _RENDERER.render(part.tokens, _OPTIONS, {"media": self.media})
        if part.words.hidden:
            return ""
        return self._code(part) + self._output(part)

    def _code(self, block: CodeBlock) -> str:
        name = f'<p class="file">{escape(block.words.file)}</p>' if block.words.file else ""
        return name + code_html(block.code, block.language, block.clozes) + self._remark(block)

    def _remark(self, block: CodeBlock) -> str:
        if block.words.norun is not None:
            return f'<p class="remark">{NOT_RUN}：{escape(block.words.norun)}</p>\n'
        if block.location.line in self.recorded:
            said = self.recorded[block.location.line]
            return f'<p class="environment">{escape(said)}</p>\n'
        return ""

    def _output(self, block: CodeBlock) -> str:
        if block.output is None:
            return ""
        text = escape(block.output.text, quote=False)
        return f'<pre class="output"><samp>{text}</samp></pre>\n'


def code_html(code: str, language: str, clozes: Sequence[ClozeMark] = ()) -> str:
    """Return highlighted code in its elements."""
    spans = highlight(code, language, clozes)
    return f'<pre class="code"><code>{spans}</code></pre>\n'
