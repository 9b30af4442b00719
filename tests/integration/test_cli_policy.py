"""`firstdose policy check`, as an operator runs it: a process of its own."""

from pathlib import Path

import pytest

from tests.integration.test_cli_operation import Operator


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("version: strict\ncontact: {attempts: 3}\n", 0, "strict is good"),
        ("", 0, "default is good"),
        ("contact: {attempts: -1}\n", 1, "contact.attempts"),
        ("kontakt: {}\n", 1, "kontakt"),
        ("a: [\n", 1, "not YAML"),
    ],
)
async def test_policy_check(tmp_path: Path, text: str, code: int, said: str) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    ran = await Operator(tmp_path).run("policy", "check", str(tmp_path / "policy.yaml"))
    assert ran.code == code
    assert said in ran.out + ran.err
