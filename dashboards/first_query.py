"""Three panels of dashboards/ by clickhouse-connect. Run in the repository, beside `hypernode up`:

    python dashboards/first_query.py [DATA]     # DATA: the instance's directory, hypernode-data unless named
"""

import json
import pathlib
import sys
from urllib.parse import urlsplit

import clickhouse_connect

here = pathlib.Path(__file__).parent
data = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "hypernode-data")

# The reader may do nothing but read, for 30 seconds and with 500 MB a query. Its password is new at each start.
known = json.loads((data / "clickhouse.credentials").read_text())
address = urlsplit(known["url"])
client = clickhouse_connect.get_client(
    host=address.hostname,
    port=address.port,
    username=known["reader_user"],
    password=known["reader_password"],
    database=known["database"],
)

for panel, parameters in [
    ("jobs/flow", {"hours": 1}),
    ("jobs/hyper_paid", {"hours": 24, "decimals": 6}),
    ("nodes/top_reputation", {"top": 5, "decimals": 6}),
]:
    # Values go beside the text, never into it: ClickHouse reads them by the type that the text states.
    answer = client.query((here / f"{panel}.sql").read_text(), parameters=parameters)
    print(f"{panel}: {len(answer.result_rows)} rows")
    print(" ", ", ".join(answer.column_names))
    for row in answer.result_rows[-3:]:
        print(" ", ", ".join(str(value) for value in row))
