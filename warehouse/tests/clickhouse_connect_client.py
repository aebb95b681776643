"""Python's clickhouse-connect against the embedded engine. Run by tests/python.rs with the credential file."""

import datetime
import json
import sys
from urllib.parse import urlparse

import clickhouse_connect

with open(sys.argv[1]) as file:
    keys = json.load(file)
address = urlparse(keys["url"])


def connect(user, password, **more):
    return clickhouse_connect.get_client(
        host=address.hostname, port=address.port, username=user, password=password, database=keys["database"], **more
    )


def refused(work, what):
    try:
        work()
    except clickhouse_connect.driver.exceptions.ClickHouseError as error:
        assert what in str(error), error
        return
    raise AssertionError(f"{what} was expected")


DDL = """CREATE TABLE py (id UInt64, s String, n Nullable(Int32), a Array(String), d DateTime('UTC'))
    ENGINE = MergeTree ORDER BY id"""
COLUMNS = ["id", "s", "n", "a", "d"]
DAY = datetime.datetime(2026, 1, 1)
ROWS = [[i, f"s{i}", None if i % 2 else i, [str(i)] * (i % 3), DAY] for i in range(200_000)]

for compress in (True, False, "lz4", "zstd"):
    client = connect(keys["user"], keys["password"], compress=compress)
    client.command("DROP TABLE IF EXISTS py")
    client.command(DDL)
    client.insert("py", ROWS, column_names=COLUMNS)
    assert client.query("SELECT count(), sum(id) FROM py").result_rows == [(200_000, 19_999_900_000)]
    assert [list(row) for row in client.query("SELECT * FROM py ORDER BY id LIMIT 3").result_rows] == ROWS[:3]
    answer = client.query("SELECT {x:String}, {n:UInt8} + 1", parameters={"x": "a'b", "n": 3})
    assert answer.result_rows == [("a'b", 4)]
    with client.query_row_block_stream("SELECT number FROM numbers(500000)") as stream:
        assert sum(len(block) for block in stream) == 500_000
    client.raw_insert("py", ["id", "s"], "1\ta\n2\tb\n", fmt="TSV")
    assert client.command("SELECT count() FROM py") == 200_002
    refused(lambda: client.query("SELECT nothing"), "47")
    client.close()

reader = connect(keys["reader_user"], keys["reader_password"])
assert reader.query("SELECT count() FROM py").result_rows == [(200_002,)]
refused(lambda: reader.command("DROP TABLE py"), "164")
refused(lambda: reader.query("SELECT file('/etc/hostname')"), "497")
print("all answered")
