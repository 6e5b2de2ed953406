"""Records against the schema that docs/record.md describes."""

import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest

import tinyattn as ta
from tests.viz.test_ops import Clip
from tinyattn import nn
from tinyattn.record import record
from tinyattn.state import time_step
from tinyattn.translator.replay import replay
from tinyattn.translator.statquest import statquest

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA = json.loads((DOCS / "record.schema.json").read_text(encoding="utf-8"))
TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
    "number": (int, float),
}  # fmt: skip
KNOWN = {
    "$schema", "$defs", "$ref", "title", "description", "type", "const", "enum", "anyOf", "minimum", "properties",
    "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
}  # fmt: skip


def faults(x, schema, where="record"):
    """What is wrong with x, by as much of JSON Schema as ours uses."""
    assert schema.keys() <= KNOWN, f"the checker does not know {schema.keys() - KNOWN}"
    if "$ref" in schema:
        yield from faults(x, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], where)
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(isinstance(x, TYPES[name]) and (type(x) is not bool or name == "boolean") for name in names):
            yield f"{where}: wanted {' or '.join(names)}, got {x!r}"
            return
    if x not in schema.get("enum", [x]) or x != schema.get("const", x):
        yield f"{where}: got {x!r}"
    if "anyOf" in schema:
        found = [list(faults(x, option, where)) for option in schema["anyOf"]]
        if all(found):
            yield from found[0]
    if "minimum" in schema and x < schema["minimum"]:
        yield f"{where}: wanted at least {schema['minimum']}, got {x}"
    if isinstance(x, dict):
        yield from (f"{where}: {name} is missing" for name in schema.get("required", []) if name not in x)
        for name, part in x.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            yield from [f"{where}: {name} is not known"] if inner is False else faults(part, inner, f"{where}.{name}")
    if isinstance(x, list):
        if not schema.get("minItems", 0) <= len(x) <= schema.get("maxItems", len(x)):
            yield f"{where}: got {len(x)} items"
        for k, part in enumerate(x):
            yield from faults(part, dict(enumerate(schema.get("prefixItems", []))).get(k, schema.get("items", {})),
                              f"{where}[{k}]")  # fmt: skip


def translation():
    translator = statquest()
    return replay(translator, translator.translate("let's go"), backward_from=[0, 1])


def own_program():
    gru, table = nn.GRU(3, 2, batch_first=True, bidirectional=True), nn.Embedding(5, 3)
    with record() as run:
        hs, _ = gru(table(ta.tensor([[0, 4, 1]])))
        with time_step(1):
            loss = Clip.apply(hs, 1.0)[:, ..., None, 1:].max(dim=1)[0].sum()
    loss.backward()
    return run


def strange_numbers():
    with record() as run:
        x = ta.tensor([[float("inf"), float("nan")], [-1.0, 0.0]], requires_grad=True)
        ta.where(x > 0, x, ta.tensor(2, dtype=ta.int64)).log()
        ta.softmax(ta.zeros(0, 2), 1)
        np.add(1, 1)
    return run


def empty():
    with record() as run:
        pass
    return run


@pytest.mark.parametrize("make", [translation, own_program, strange_numbers, empty])
def test_real_records_keep_to_the_schema(make):
    data = json.loads(make().to_json())
    assert list(faults(data, SCHEMA)) == []
    assert [v["number"] for v in data["values"]] == list(range(len(data["values"])))
    assert [call["number"] for call in data["calls"]] == list(range(len(data["calls"])))
    for v in data["values"]:
        for part in (v["data"], v["gradient"]):
            assert part is None or np.shape(part) == tuple(v["shape"][: np.ndim(part)])
            assert part is None or np.size(part) == np.prod(v["shape"])
        assert (v["call"] is not None) == (v["kind"] == "result")
        assert v["call"] is None or v["number"] in data["calls"][v["call"]]["outputs"]
    for call in data["calls"]:  # sorted topologically
        makers = [data["values"][k]["call"] for _, k in call["inputs"]]
        assert all(maker is None or maker < call["number"] for maker in makers)


def test_a_record_tells_module_step_line_tokens_and_gradient():
    data = json.loads(translation().to_json())
    (call,) = [call for call in data["calls"] if call["path"] == "attention" and call["op"] == "masked_softmax"][:1]
    assert call["step"] == 0 and call["source"]["file"].endswith("attention.py") and call["source"]["line"] > 1
    weights = data["values"][call["outputs"][0]]
    assert weights["name"] == "weights" and weights["dtype"] == "float32" and weights["gradient"] is not None
    assert data["words"]["source"] == ["let's", "go"] and data["modules"]["decoder.lstm"] == "LSTM"


BREAKS = {
    "version": lambda data: data.update(version=2),
    "missing": lambda data: data["calls"][0].pop("path"),
    "not known": lambda data: data["values"][0].update(colour="red"),
    "kind": lambda data: data["values"][0].update(kind="thing"),
    "data": lambda data: data["values"][0].update(data=["one"]),
    "inputs": lambda data: data["calls"][0]["inputs"].append(["x"]),
    "step": lambda data: data["calls"][0].update(step=-1),
    "requires_grad": lambda data: data["values"][0].update(requires_grad=1),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_the_schema_is_found(what):
    data = copy.deepcopy(own_program().as_dict())
    BREAKS[what](data)
    assert any(what in fault for fault in faults(data, SCHEMA))


def test_the_page_explains_every_field():
    sections = re.split(r"^## ", (DOCS / "record.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for title, schema in {"The record": SCHEMA, "A value": SCHEMA["$defs"]["value"],
                          "A call": SCHEMA["$defs"]["call"]}.items():  # fmt: skip
        (section,) = [section for section in sections if section.startswith(f"{title}\n")]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(schema["properties"])
