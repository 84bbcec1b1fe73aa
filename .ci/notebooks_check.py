"""Looks through executed notebooks: no error, nothing on standard error, and the pictures that each must show."""

import json
import pathlib
import sys

PICTURES = {  # kinds that must be among the outputs
    "1-first-training.ipynb": ["<svg", "data:image/gif", "image/svg+xml"],
    "2-own-environment.ipynb": ["<svg", "data:image/gif", "image/png"],
    "3-tuning.ipynb": ["<svg", "image/svg+xml", "<table"],
    "4-parameter-server.ipynb": ["<svg", "<table"],
    "5-serving.ipynb": ["<svg", "log_probability"],
}

# An asynchronous run says so when it starts.
NOTICE = "if this run is resumed, it has other bits than one that never stopped"

folder = pathlib.Path(sys.argv[1])
for name, pictures in PICTURES.items():
    cells = json.loads((folder / name).read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    for output in outputs:
        kind = output["output_type"]
        assert kind != "error", f"{name}: {output['evalue']}"
        if output.get("name") == "stderr":
            for line in "".join(output["text"]).splitlines():
                assert NOTICE in line, f"{name}: standard error has {line}"
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["execution_count"], f"{name}: not executed: {cell['source']}"
    shown = json.dumps(outputs, ensure_ascii=False)
    for picture in pictures:
        assert picture in shown, f"{name} shows no {picture}"
    print(f"{name}: {len(outputs)} outputs")
