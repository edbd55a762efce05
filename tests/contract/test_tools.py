"""Programs of other projects read the contract: linters find nothing, clients keep "accepted means a receipt".

A program that takes the receipt of a result compiles where the status says that there is one, and nowhere else.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from contract_helpers import YAML as CONTRACT
from contract_helpers import node_tool, python_with_generators, run_tool

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent

TYPESCRIPT = """
import type {{ components }} from "./contract";
export function program(result: components["schemas"]["Result"]): string {{
  {body}
}}
"""
RIGHT_TYPESCRIPT = """
  switch (result.status) {
    case "accepted":
    case "duplicate":
      return result.receipt?.number ?? "";
    case "rejected":
      return result.errors[0].field;
    case "deferred":
      return String((result.retry_after ?? 0) + 1);
    case "pending":
      return "";
  }
"""
WRONG_TYPESCRIPT = {
    "takes a receipt that may be missing": "return result.receipt.number;",
    "adds to a wait that may be missing": "return String(result.retry_after + 1);",
    "knows a status that there is not": 'return result.status === "received" ? "" : "";',
    "forgets a status": 'if (result.status === "accepted") { return ""; }',
}
PYTHON = """
from {module} import ReportsAnswer

def program(answer: ReportsAnswer) -> str:
    result = answer.results[0]
    {body}
    return ""
"""
RIGHT_PYTHON = """
    if result.receipt is not None:
        return result.receipt.number
    if result.retry_after is not None:
        return str(result.retry_after + 1)
    if result.errors:
        return result.errors[0].field
"""
WRONG_PYTHON = {
    "takes a receipt that may be missing": "return result.receipt.number",
    "adds to a wait that may be missing": "return str(result.retry_after + 1)",
}
READ = """
import json, sys
from {module} import ReportsAnswer
answer = ReportsAnswer.{read}(json.loads(sys.argv[1]))
print(*[result.status.value for result in answer.results])
"""


@dataclass(frozen=True)
class PythonClient:
    """A generated client: its folder, the module of its types, and how they are read."""

    folder: Path
    module: str
    read: str

    def check(self, *bodies: str) -> tuple[int, str]:
        """What mypy says of the client with programs that use it."""
        for old in self.folder.glob("program*.py"):
            old.unlink()
        for number, body in enumerate(bodies):
            program = PYTHON.format(module=self.module, body=body)
            (self.folder / f"program{number}.py").write_text(program, encoding="utf-8")
        return run_tool([python_with_generators(), "-m", "mypy", "--no-error-summary", "."], self.folder)


def openapi_python_client(folder: Path) -> PythonClient:
    generate = [python_with_generators(), "-m", "openapi_python_client", "generate", "--path", str(CONTRACT)]
    options = [
        "--output-path",
        "client",
        "--meta",
        "none",
        "--config",
        str(HERE / "openapi_python_client.yaml"),
        "--fail-on-warning",
    ]
    assert run_tool([*generate, *options], folder)[0] == 0
    return PythonClient(folder, "client.models", "from_dict")


def datamodel_codegen(folder: Path) -> PythonClient:
    generate = [python_with_generators(), "-m", "datamodel_code_generator", "--input", str(CONTRACT)]
    kind = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel", "--use-annotated"]
    assert run_tool([*generate, *kind, "--formatters", "builtin", "--output", "models.py"], folder)[0] == 0
    return PythonClient(folder, "models", "model_validate")


@pytest.fixture(scope="module", params=[openapi_python_client, datamodel_codegen], ids=lambda make: make.__name__)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PythonClient:
    """The client that a generator for Python makes."""
    client: PythonClient = request.param(tmp_path_factory.mktemp("python"))
    return client


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the types that openapi-typescript makes."""
    folder = tmp_path_factory.mktemp("typescript")
    generate = [node_tool("openapi-typescript", "openapi-typescript"), str(CONTRACT), "--output", "contract.ts"]
    assert run_tool(generate, folder)[0] == 0
    return folder


def compiled_typescript(folder: Path, *bodies: str) -> tuple[int, str]:
    names = [f"program{number}.ts" for number in range(len(bodies))]
    for name, body in zip(names, bodies, strict=True):
        (folder / name).write_text(TYPESCRIPT.format(body=body), encoding="utf-8")
    return run_tool([node_tool("tsc", "typescript"), "--noEmit", "--strict", "--target", "es2022", *names], folder)


def test_typescript(typescript: Path) -> None:
    """A program that asks for the status first compiles, and so does the whole generated file."""
    assert compiled_typescript(typescript, RIGHT_TYPESCRIPT) == (0, "")


def test_wrong_typescript(typescript: Path) -> None:
    """The compiler refuses each program with one mistake, for that mistake."""
    code, output = compiled_typescript(typescript, *WRONG_TYPESCRIPT.values())
    assert code != 0
    named = [line.partition("(")[0] for line in output.splitlines() if not line.startswith(" ")]
    assert set(named) == {f"program{number}.ts" for number in range(len(WRONG_TYPESCRIPT))}


def test_python(python: PythonClient) -> None:
    """A program that asks for the status first passes mypy, and so does the whole generated client."""
    assert python.check(RIGHT_PYTHON) == (0, "")


def test_wrong_python(python: PythonClient) -> None:
    """The check refuses each program with one mistake, for that mistake alone."""
    code, output = python.check(*WRONG_PYTHON.values())
    assert code != 0
    assert {line.partition(":")[0] for line in output.splitlines()} == {
        f"program{number}.py" for number in range(len(WRONG_PYTHON))
    }


def test_python_reads_the_examples(python: PythonClient, openapi: dict[str, Any]) -> None:
    """The generated client reads the contract's own example of each status."""
    examples = openapi["paths"]["/reports"]["post"]["responses"]["200"]["content"]["application/json"]["examples"]
    program = READ.format(module=python.module, read=python.read)
    arguments = [python_with_generators(), "-c", program, json.dumps(examples["mixed"]["value"])]
    assert run_tool(arguments, python.folder) == (0, "duplicate rejected pending deferred\n")
    arguments[-1] = json.dumps(examples["accepted"]["value"])
    assert run_tool(arguments, python.folder) == (0, "accepted\n")


def first_json(output: str, start: str) -> Any:
    """The first JSON that begins with `start`. Each of them prints more than its JSON."""
    return json.JSONDecoder().raw_decode(output[output.index(start) :])[0]


def test_redocly_finds_nothing(tmp_path: Path) -> None:
    """Redocly's recommended rules: no error and no warning."""
    lint = [node_tool("redocly", "@redocly/cli"), "lint", "--config", str(HERE / "redocly.yaml"), "--format", "json"]
    code, output = run_tool([*lint, str(CONTRACT)], tmp_path)
    assert (code, first_json(output, "{")["problems"]) == (0, [])


def test_spectral_finds_nothing(tmp_path: Path) -> None:
    """Spectral's rules for OpenAPI: nothing of any severity."""
    lint = [node_tool("spectral", "@stoplight/spectral-cli"), "lint", "--ruleset", str(HERE / "spectral.yaml")]
    code, output = run_tool([*lint, "--fail-severity", "hint", "--format", "json", str(CONTRACT)], tmp_path)
    assert (code, first_json(output, "[")) == (0, [])
