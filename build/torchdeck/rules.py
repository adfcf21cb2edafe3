"""The names of all rules that findings break; docs/rules.md says why and how to mend each."""

from enum import StrEnum


class Rule(StrEnum):
    """A rule about the input of some stage."""

    # The edition.
    EDITION = "edition"
    SYLLABUS = "syllabus"
    RECORD = "record"

    # Files and front matter.
    FILE_UNREADABLE = "file-unreadable"
    FILE_ENCODING = "file-encoding"
    FILE_NAME = "file-name"
    FRONT_MATTER_YAML = "front-matter-yaml"
    FRONT_MATTER_MISSING = "front-matter-missing"
    FRONT_MATTER_UNKNOWN = "front-matter-unknown"
    FRONT_MATTER_DUPLICATE = "front-matter-duplicate"
    FRONT_MATTER_TYPE = "front-matter-type"
    NUMBER_UNKNOWN = "number-unknown"
    NUMBER_DUPLICATE = "number-duplicate"
    WORDING = "wording"
    SOURCE_MISSING = "source-missing"
    SOURCE_HTTPS = "source-https"
    REQUIRES_MISSING = "requires-missing"
    REQUIRES_UNUSED = "requires-unused"

    # Sections and headings.
    SECTION_UNKNOWN = "section-unknown"
    SECTION_MISSING = "section-missing"
    SECTION_DUPLICATE = "section-duplicate"
    SECTION_ORDER = "section-order"
    SECTION_EMPTY = "section-empty"
    KEY_POINTS_MANY = "key-points-many"
    TEXT_OUTSIDE = "text-outside"
    HEADING_CONTENT = "heading-content"
    HEADING_ATTRIBUTES = "heading-attributes"
    SLUG_MALFORMED = "slug-malformed"
    SLUG_DUPLICATE = "slug-duplicate"

    # Fences and their code.
    FENCE_LANGUAGE = "fence-language"
    FENCE_WORDS = "fence-words"
    FENCE_REASON = "fence-reason"
    FENCE_BACKTICK = "fence-backtick"
    FENCE_UNCLOSED = "fence-unclosed"
    FENCE_NESTED = "fence-nested"
    CODE_SYNTAX = "code-syntax"
    CODE_WIDE = "code-wide"
    CODE_LONG = "code-long"
    OUTPUT_MISSING = "output-missing"
    OUTPUT_ORPHAN = "output-orphan"
    OUTPUT_UNPRINTED = "output-unprinted"
    OUTPUT_LITERAL = "output-literal"
    CUDA_ALONE = "cuda-alone"
    SPAWN_GUARD = "spawn-guard"
    FIGURE_NAME = "figure-name"
    FIGURE_UNSHOWN = "figure-unshown"

    # Cards.
    CARD_SLUG_MISSING = "card-slug-missing"
    CARD_KIND_UNKNOWN = "card-kind-unknown"
    CARD_TITLE_EMPTY = "card-title-empty"
    CARD_EMPTY = "card-empty"
    CARD_LONG = "card-long"
    CARD_LIST = "card-list"
    CARD_YES_NO = "card-yes-no"
    CARD_EXPLAIN = "card-explain"
    FRONT_EQUAL = "front-equal"
    FRONT_SIMILAR = "front-similar"
    PREDICT_CODE = "predict-code"
    PREDICT_OUTPUT = "predict-output"
    PREDICT_LONG = "predict-long"
    CLOZE_MISSING = "cloze-missing"
    CLOZE_BROKEN = "cloze-broken"
    CLOZE_NESTED = "cloze-nested"
    CLOZE_NUMBERS = "cloze-numbers"
    CLOZE_OUTSIDE = "cloze-outside"

    # Running text, links and images.
    MARK_LITERAL = "mark-literal"
    EMPHASIS_UNDERSCORE = "emphasis-underscore"
    DOLLAR_LITERAL = "dollar-literal"
    MATH_DELIMITER = "math-delimiter"
    MATH_EMPTY = "math-empty"
    MATH_COMMAND = "math-command"
    PUNCTUATION_WIDTH = "punctuation-width"
    REPLACEMENT_CHARACTER = "replacement-character"
    LINK_TARGET = "link-target"
    IMAGE_REMOTE = "image-remote"
    IMAGE_OUTSIDE = "image-outside"
    IMAGE_TYPE = "image-type"
    IMAGE_MISSING = "image-missing"
    IMAGE_UNSAFE = "image-unsafe"

    # The content as a whole.
    BUDGET_NORUN = "budget-norun"
    BUDGET_UNSTABLE = "budget-unstable"
    TWIN_UNNAMED = "twin-unnamed"

    # Execution.
    RUN_FAILED = "run-failed"
    RUN_DID_NOT_RAISE = "run-did-not-raise"
    RUN_TIMEOUT = "run-timeout"
    RUN_MEMORY = "run-memory"
    RUN_SIGNAL = "run-signal"
    RUN_EXITED = "run-exited"
    RUN_OUTPUT = "run-output"
    RUN_SKIPPED = "run-skipped"
    RUN_UNPROVEN = "run-unproven"
    RUN_UNSUPPORTED = "run-unsupported"

    # Versions.
    NOTICE_STALE = "notice-stale"

    # Packages and their ledger.
    GUID_COLLISION = "guid-collision"
    LEDGER = "ledger"
    NOTE_VANISHED = "note-vanished"
    KIND_CHANGED = "kind-changed"
    SLUG_RETIRED = "slug-retired"
    CARD_EMPTIED = "card-emptied"
    CLOZE_REMOVED = "cloze-removed"
    CLOZE_REUSED = "cloze-reused"
    SCHEMA_CHANGED = "schema-changed"
    DECK_RENAMED = "deck-renamed"
    TAG_RENAMED = "tag-renamed"
    CLOCK = "clock"
    DECK_EDITED = "deck-edited"
    DECK_STALE = "deck-stale"

    # Writing.
    WRITE_FAILED = "write-failed"
    WRITE_INTERRUPTED = "write-interrupted"
