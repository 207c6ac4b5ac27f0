"""A script in R that repeats an analysis with lavaan, every parameter spelled out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from digilitt.evidence.models.rows import Key, Row, rows_of
from digilitt.evidence.models.table import ModelTable
from digilitt.evidence.models.tokens import number_text

# Words that R keeps for itself.
RESERVED = frozenset(
    "if else repeat while function for next break in TRUE FALSE NULL Inf NaN NA NA_integer_ "
    "NA_real_ NA_character_ NA_complex_".split()
)
_SAFE = re.compile(r"(?:(?!_)[^\W\d]|\.(?!\d))[\w.]*")


def lavaan_names(table: ModelTable) -> dict[str, str]:
    """What items and factors are called in R; the same, if R can read the name in a model.

    Examples
    --------
    >>> from digilitt.evidence.models.syntax import parse_model
    >>> from digilitt.evidence.models.table import model_table
    >>> items = ["item 1", "2nd", "if", "a1"]
    >>> parsed = parse_model("f =~ `item 1` + `2nd` + `if` + a1")
    >>> lavaan_names(model_table(parsed, items_available=items))
    {'item 1': 'item.1', '2nd': 'X2nd', 'if': 'if.', 'a1': 'a1', 'f': 'f'}
    """
    names = (*table.items, *table.factors)
    taken = {name for name in names if _safe(name) == name}
    return {name: name if name in taken else _unused(_safe(name), taken) for name in names}


def _safe(name: str) -> str:
    if name in RESERVED:
        return f"{name}."
    text = re.sub(r"[^\w.]", ".", name)
    return text if _SAFE.fullmatch(text) else f"X{text}"


def _unused(name: str, taken: set[str]) -> str:
    """The name, with a number if it is taken; taken from now on."""
    found, n = name, 1
    while found in taken:
        found, n = f"{name}.{n}", n + 1
    taken.add(found)
    return found


def lavaan_model(table: ModelTable) -> str:
    """The model in lavaan's syntax with every parameter of every group, for `lavaan()`.

    Each parameter has a line: ``NA*`` where it is free, its value where it is fixed, and its
    label; with several groups one entry for each. Rows that other parameters determine are left
    out, as lavaan determines them itself.

    Examples
    --------
    >>> from digilitt.evidence.models.syntax import parse_model
    >>> from digilitt.evidence.models.table import model_table
    >>> parsed = parse_model("f =~ load*a1 + load*a2")
    >>> print(lavaan_model(model_table(parsed, items_available=["a1", "a2"])))
    f =~ NA*a1 + load*a1
    f =~ NA*a2 + load*a2
    a1 ~~ NA*a1
    a2 ~~ NA*a2
    f ~~ 1*f
    """
    parameters: dict[Key, list[Row]] = {}
    for row in rows_of(table.rows):
        parameters.setdefault(row.key, []).append(row)
    names = lavaan_names(table)
    labels = _labels(table, set(names.values()))
    lines = []
    for (lhs, op, rhs), rows in parameters.items():
        if not any(not row.free and math.isnan(row.value) for row in rows):
            parts = " + ".join(_parts(rows, names.get(rhs, rhs), labels))
            lines.append(f"{names[lhs]} {op.removesuffix('1')} {parts}")
    return "\n".join([*lines, *_constraint_lines(table, labels)])


def _labels(table: ModelTable, taken: set[str]) -> dict[str, str]:
    """What the labels of free parameters are called in R."""
    given = dict.fromkeys(str(label) for label in table.rows["label"][table.rows["free"]] if label)
    taken = taken | {label for label in given if _safe(label) == label}
    return {
        label: label
        if _safe(label) == label
        else _unused(_safe(re.sub(r"\W+", "_", label).strip("_")), taken)
        for label in given
    }


def _parts(rows: Sequence[Row], rhs: str, labels: Mapping[str, str]) -> Iterator[str]:
    """One parameter: its starts, values and labels, each with the term repeated."""
    name = rhs or "1"
    if any(row.free and not math.isnan(row.value) for row in rows):
        starts = ["NA" if math.isnan(row.value) else number_text(row.value) for row in rows]
        yield f"start({_joined(starts)})*{name}"
    values = ["NA" if row.free else number_text(row.value) for row in rows]
    yield f"{_joined(values)}*{name}"
    texts = [labels[row.label] if row.free and row.label else "" for row in rows]
    if len(texts) == 1 and texts[0]:
        yield f"{texts[0]}*{name}"
    elif any(texts):
        quoted = [f'"{text}"' for text in texts]
        yield f"{_joined(quoted)}*{name}"


def _joined(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"c({', '.join(texts)})"


def _constraint_lines(table: ModelTable, labels: Mapping[str, str]) -> Iterator[str]:
    """Constraints between free parameters, values of fixed ones put in."""
    rows = table.rows[~table.rows["free"]]
    fixed = dict(zip(rows["label"], rows["value"], strict=True))
    for each in table.constraints:
        free = [(labels[name], value) for name, value in each.terms if name in labels]
        known = sum(value * fixed[name] for name, value in each.terms if name not in labels)
        if free:
            left = " + ".join(f"{number_text(value)}*{name}" for name, value in free)
            yield f"{left} == {number_text(each.constant - known)}"


def lavaan_lines(
    table: ModelTable,
    *,
    estimator: str,
    missing: str = "listwise",
    group: str | None = None,
    cluster: str | None = None,
    weight: str | None = None,
    data_file: str = "data.csv",
) -> str:
    """A script in R that repeats an analysis.

    Parameters
    ----------
    table : ModelTable
    estimator : {"ml", "mlr", "dwls", "wlsmv", "ulsmv"}
    missing : {"listwise", "fiml", "pairwise"}
    group, cluster, weight : str, optional
        Columns of the data, as they are called in the file. `group` holds the names in
        `table.groups`.
    data_file : str
        Comma-separated values in UTF-8: a column for each item, called as `lavaan_names` says,
        and those above. Blank cells are missing.

    Returns
    -------
    str

    Notes
    -----
    The script calls `lavaan()`, which adds no parameter of its own. *Checked against* lavaan
    0.6-14: it gives the chi2 of `cfa()`.
    """
    names = lavaan_names(table)
    arguments = [
        f"estimator = {quoted(estimator.upper())}",
        f"missing = {quoted(missing)}",
        f"meanstructure = {'TRUE' if table.means else 'FALSE'}",
    ]
    if table.categories is not None:
        arguments.append(f"ordered = {vector([names[item] for item in table.items])}")
        arguments.append(f"parameterization = {quoted(table.parameterization)}")
    if group is not None:
        arguments.append(f"group = {quoted(group)}")
        arguments.append(f"group.label = {vector(table.groups)}")
    if cluster is not None:
        arguments.append(f"cluster = {quoted(cluster)}")
    if weight is not None:
        arguments.append(f"sampling.weights = {quoted(weight)}")
    lines = [
        "library(lavaan)",
        f"data <- read.csv({quoted(data_file)}, check.names = FALSE,",
        '                 na.strings = "", encoding = "UTF-8")',
        "model <- '",
        lavaan_model(table),
        "'",
        "fit <- lavaan(model, data = data,",
        ",\n".join(f"              {text}" for text in arguments) + ")",
        "summary(fit, fit.measures = TRUE, standardized = TRUE, rsquare = TRUE)",
    ]
    return "\n".join([*lines, ""])


def quoted(text: str) -> str:
    """A text as R reads it."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(sign, sign) for sign in text) + '"'


def vector(texts: Sequence[str]) -> str:
    """Texts as R reads them, in lines that can be read."""
    lines, line = [], ""
    for text in texts:
        piece = f"{quoted(text)}, "
        if line and len(line) + len(piece) > 70:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return "c(" + "\n                ".join([*lines, line.rstrip(", ")]) + ")"
