"""docs/mlflow.md: its code runs against a stand-in for MLflow, which is no dependency, and logs what the page says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "mlflow.md").read_text(encoding="utf-8")


def test_the_recipe_logs_the_answer_and_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    mlflow, files = MagicMock(), list[str]()
    mlflow.log_artifacts.side_effect = lambda folder: files.extend(path.name for path in Path(folder).iterdir())
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    exec(compile(code.replace("horizon=2000", "horizon=400"), "docs/mlflow.md", "exec"), {"__name__": "page"})
    assert {"location.json", "report.html", "curves.parquet", "growth.png", "sizes.png"} <= set(files)
    logged = mlflow.log_params.call_args.args[0]
    assert logged["replicates"] == 64 and logged["verdict"]
    assert all(len(str(value)) < 500 for value in logged.values())  # MLflow refuses longer ones on some servers
    errors = [call for call in mlflow.log_metric.call_args_list if call.args[0] == "error"]
    assert [call.kwargs["step"] for call in errors] == [0, 1, 2, 3, 4]
    assert set(mlflow.log_metrics.call_args.args[0]) <= {"critical_size", "best_size"}
