"""Writes the same 200 rows as Parquet in many forms, which ParquetFileTest reads.

    pip install 'pyarrow==25.0.0' 'pandas==3.0.6' 'duckdb==2.0.1' 'polars==2.1.0'
    python record.py
"""

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet as parquet

ROWS = range(200)
COLUMNS = {
    "id": [f"id-{i:04}" for i in ROWS],
    "session": [None if i % 10 == 9 else f"é{i // 50}" for i in ROWS],
    "observation": [[i / 2, -float(i)] for i in ROWS],
    "action": [i % 3 for i in ROWS],
    "reward": [None if i % 7 == 0 else i / 4 for i in ROWS],
    "terminated": [i % 50 == 49 for i in ROWS],
    "tags": [None if i % 3 == 0 else ["t"] * (i % 3 - 1) for i in ROWS],
}
SCHEMA = {
    "id": pyarrow.string(),
    "session": pyarrow.string(),
    "observation": pyarrow.list_(pyarrow.float32()),
    "action": pyarrow.int64(),
    "reward": pyarrow.float64(),
    "terminated": pyarrow.bool_(),
    "tags": pyarrow.list_(pyarrow.string()),
}


def table(**others):
    return pyarrow.table(COLUMNS, pyarrow.schema(SCHEMA | others))


def write(name, rows=None, **options):
    options = {"row_group_size": 80, "data_page_size": 256, "write_batch_size": 16} | options
    parquet.write_table(rows or table(), f"{name}.parquet", **options)


for codec in "none", "snappy", "gzip", "zstd", "lz4", "brotli":
    write(codec, compression=codec)
write("pages-2", data_page_version="2.0", compression="zstd")
write("pages-2-plain", data_page_version="2.0", compression="none")
write("no-dictionary", use_dictionary=False)
write(
    "delta",
    use_dictionary=False,
    data_page_version="2.0",
    column_encoding={
        "id": "DELTA_BYTE_ARRAY",
        "session": "DELTA_LENGTH_BYTE_ARRAY",
        "observation.list.element": "BYTE_STREAM_SPLIT",
        "action": "DELTA_BINARY_PACKED",
        "reward": "BYTE_STREAM_SPLIT",
        "terminated": "RLE",
    },
)
write(
    "small-types",
    table(
        session=pyarrow.dictionary(pyarrow.int8(), pyarrow.string()),
        observation=pyarrow.list_(pyarrow.float64(), 2),
        action=pyarrow.uint8(),
        reward=pyarrow.float32(),
    ),
)
write("old-lists", use_compliant_nested_type=False)
pandas.DataFrame(
    COLUMNS | {"observation": [numpy.float32(o) for o in COLUMNS["observation"]]}
).to_parquet("pandas.parquet")
polars.DataFrame(COLUMNS).write_parquet("polars.parquet")
duckdb.sql("COPY (SELECT * FROM 'none.parquet') TO 'duckdb.parquet' (FORMAT parquet)")
parquet.write_table(pyarrow.table({"x": [{"y": 1, "z": 2}], "t": [[[1.0]]]}), "nested.parquet")
