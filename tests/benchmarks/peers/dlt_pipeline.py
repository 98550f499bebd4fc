"""dlt as its documentation has it: the REST API source, merged into PostgreSQL.

    python -m tests.benchmarks.peers.dlt_pipeline default|tuned|arrow

It runs in a virtual environment of its own. There are three of it:

- *default*: `rest_api_source` with a `merge` into PostgreSQL, and no setting touched.
- *tuned*: what "Optimizing dlt" of its documentation and the PostgreSQL destination's page recommend, by
  settings: parallel resources, a normalizer for each core, larger buffers and several files a table, no
  compression, no nested tables, CSV by COPY, the `upsert` strategy that skips unchanged rows, and the pages
  counted by the API's headers.
- *arrow*: that, and a step of one's own between source and pipeline that makes a pyarrow table of each page,
  which passes dlt's normalizer by; loaded as Parquet by ADBC. Nested values would have to be taken care of.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import dlt
import pyarrow
from dlt.common.pipeline import LoadInfo
from dlt.destinations import postgres
from dlt.sources.helpers.requests import Response
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_source

from tests.benchmarks.peers import protocol

# Where each is told by the environment, as its documentation says; telemetry is off for all.
_QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
_TUNED = {
    "EXTRACT__WORKERS": "8",
    "EXTRACT__MAX_PARALLEL_ITEMS": "40",
    "NORMALIZE__WORKERS": str(os.cpu_count() or 2),
    "LOAD__WORKERS": "8",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
}
# Several files of a table are normalized and loaded side by side; Arrow's are not normalized.
_FILES = {"DATA_WRITER__FILE_MAX_ITEMS": "50000"}

_INTERVAL_KEY = ["results_entry_id", "results_interval_id"]
_LISTS = (
    ("entries", "entry", "entry_id", {}),
    ("results", "results", _INTERVAL_KEY, {"interval": "ALL"}),
    ("sex_places", "results", _INTERVAL_KEY, {"bracket": "SEX"}),
    ("age_places", "results", _INTERVAL_KEY, {"bracket": "AGE"}),
)


class AnnouncedPages(PageNumberPaginator):
    """Stops after the last page that the headers announce, rather than at an empty one."""

    def __init__(self) -> None:
        super().__init__(base_page=1, total_path=None)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Look whether there is a further page."""
        super().update_state(response, data)
        headers = response.headers
        if int(headers["X-Ctlive-Current-Page"]) >= int(headers["X-Ctlive-Page-Count"]):
            self._has_next_page = False


def default_source(api: str) -> Any:
    """Return the API as a source, as the documentation writes one."""
    paginator = {"type": "page_number", "base_page": 1, "total_path": None}
    return rest_api_source(_config(api, paginator, {}, "merge"))


def tuned_source(api: str) -> Any:
    """Return the same source with what makes it faster."""
    return rest_api_source(_config(api, AnnouncedPages(), _RESOURCE, _UPSERT))


def arrow_source(api: str) -> Any:
    """Return the tuned source, each of whose pages becomes a pyarrow table."""
    source = tuned_source(api)
    return [source.resources["events"], *(_arrow(source, name, key) for name, _, key, _ in _LISTS)]


def _arrow(source: Any, name: str, key: str | list[str]) -> Any:
    listed = source.resources[name]
    listed.selected = False

    @dlt.transformer(
        data_from=listed, name=name, primary_key=key, write_disposition=_UPSERT, parallelized=True
    )
    def table_of(page: list[dict[str, Any]]) -> pyarrow.Table:
        return pyarrow.Table.from_pylist(page)

    return table_of


_UPSERT = {"disposition": "merge", "strategy": "upsert", "skip_unchanged_rows": True}
_RESOURCE = {"parallelized": True, "max_table_nesting": 0}


def _config(api: str, paginator: object, resource: Mapping[str, object], disposition: object) -> Any:
    return {
        "client": {"base_url": api, "paginator": paginator},
        "resource_defaults": {"write_disposition": disposition, "endpoint": {"params": {"size": 1000}}},
        "resources": [
            {
                "name": "events",
                "primary_key": "event_id",
                "endpoint": {"path": "event", "data_selector": "event"},
            },
            *(
                {
                    "name": name,
                    "primary_key": key,
                    "endpoint": {
                        "path": f"event/{{resources.events.event_id}}/{path}",
                        "params": parameters,
                        "data_selector": f"event_{path}",
                    },
                    **resource,
                }
                for name, path, key, parameters in _LISTS
            ),
        ],
    }


_KINDS: dict[str, tuple[Any, dict[str, str], dict[str, Any]]] = {
    "default": (default_source, {}, {}),
    "tuned": (tuned_source, _TUNED | _FILES, {"loader_file_format": "csv"}),
    "arrow": (arrow_source, _TUNED, {"loader_file_format": "parquet"}),
}


def main(kind: str) -> None:
    """Run the pipeline whenever it is asked for."""
    source, settings, options = _KINDS[kind]
    os.environ.update(_QUIET | settings)
    pipeline = dlt.pipeline(
        "race",
        destination=postgres(protocol.database()),
        dataset_name="race",
        pipelines_dir=str(protocol.folder() / "pipelines"),
    )

    def run() -> None:
        info: LoadInfo = pipeline.run(source(protocol.api()), **options)
        info.raise_on_failed_jobs()

    protocol.serve(run, run)


if __name__ == "__main__":
    main(sys.argv[1])
