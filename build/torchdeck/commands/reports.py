"""Files about a run, for other programs: JSON, and the XML that CI systems read."""

import json
from typing import Any
from xml.etree import ElementTree as ET

from torchdeck.execute.compare import shown
from torchdeck.execute.report import FileReport, RunReport
from torchdeck.execute.results import COMPLETED, Outcome, RunResult


def as_json(report: RunReport) -> str:
    """Return outcomes, outputs and warnings of all blocks, by file."""
    files = {file.script.file: [_entry(result) for result in file.results] for file in report.files}
    return json.dumps(files, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def as_junit(report: RunReport) -> str:
    """Return JUnit's XML: a suite per file, a case per block."""
    suites = ET.Element("testsuites", name="torchdeck run")
    for file in report.files:
        suites.append(_suite(file))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _entry(result: RunResult) -> dict[str, Any]:
    return {
        "line": result.block.location.line,
        "language": result.block.language,
        "outcome": result.outcome,
        "origin": result.origin,
        "reason": result.reason,
        "seconds": round(result.seconds, 3),
        "stdout": result.stdout,
        "warnings": [
            {"category": told.category, "text": told.text, "line": told.line}
            for told in result.warnings
        ],
    }


def _suite(file: FileReport) -> ET.Element:
    outcomes = file.outcomes
    unproven = outcomes[Outcome.SKIPPED] + outcomes[Outcome.NOT_VERIFIED]
    completed = sum(outcomes[outcome] for outcome in COMPLETED)
    suite = ET.Element(
        "testsuite",
        name=file.script.file,
        tests=str(len(file.results)),
        failures=str(len(file.results) - completed - unproven),
        skipped=str(unproven),
        time=f"{sum(result.seconds for result in file.results):.3f}",
    )
    for result in file.results:
        line = result.block.location.line
        case = ET.SubElement(
            suite,
            "testcase",
            classname=file.script.file,
            name=f"line {line}",
            file=file.script.file,
            line=str(line),
            time=f"{result.seconds:.3f}",
        )
        if result.outcome in {Outcome.SKIPPED, Outcome.NOT_VERIFIED}:
            ET.SubElement(case, "skipped", message=shown(result.reason))
        elif result.outcome not in COMPLETED:
            failure = ET.SubElement(
                case, "failure", type=result.outcome, message=shown(result.reason)
            )
            failure.text = shown(f"{file.script.file}:{result.line}\n{result.detail}")
    return suite
