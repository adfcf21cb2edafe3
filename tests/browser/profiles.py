"""The places where cards are looked at, as Anki's reviewer sets them up."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """A reviewer on some device in one theme.

    The body classes are those that the app gives its reviewer. AnkiDroid and AnkiMobile bring
    style sheets of their own, which are not to be had here: theirs are stood in for by the
    desktop's reviewer at the phone's width.

    Attributes:
        app: Which reviewer.
        theme: `light` or `dark`.
        width: Of the page, in CSS pixels.
        height: Of the page, in CSS pixels.
        classes: Of the body, beside those of the theme.
    """

    app: str
    theme: str
    width: int
    height: int
    classes: str

    @property
    def name(self) -> str:
        return f"{self.app}-{self.theme}"

    @property
    def is_phone(self) -> bool:
        return "mobile" in self.classes

    @property
    def body_classes(self) -> str:
        night = {"light": "", "dark": " nightMode night_mode"}[self.theme]
        return f"card card1 {self.classes}{night}"

    @property
    def root_class(self) -> str:
        return {"light": "", "dark": "night-mode"}[self.theme]


PROFILES = tuple(
    Profile(app, theme, width, height, classes)
    for app, width, height, classes in (
        ("desktop", 1000, 750, "isLin fancy linux"),
        ("ankidroid", 412, 915, "js android linux mobile chrome"),
        ("ankimobile", 390, 844, "js mac iphone mobile safari"),
    )
    for theme in ("light", "dark")
)
