"""PyIceberg's files in the object store: metadata keeps real `s3://` URIs, so the state folder can move.

https://py.iceberg.apache.org/reference/pyiceberg/io/
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import cast

import pyarrow as pa
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from local_runtime.lakehouse.durable_file import DurableFile
from local_runtime.lakehouse.object_store import ObjectStore

ROOT_PROPERTY = "object-store.root"


class ObjectFile(InputFile, OutputFile):
    """One object, to read or to write."""

    def __init__(self, location: str, path: Path, temporaries: Path) -> None:
        super().__init__(location)
        self._path = path
        self._temporaries = temporaries

    def __len__(self) -> int:
        return self._path.stat().st_size

    def exists(self) -> bool:
        return self._path.is_file()

    def open(self, seekable: bool = True) -> InputStream:
        return cast(InputStream, pa.OSFile(str(self._path), "rb"))

    def create(self, overwrite: bool = False) -> OutputStream:
        if not overwrite and self.exists():
            raise FileExistsError(f"{self.location}: the object exists already")
        return cast(OutputStream, DurableFile(self._path, self._temporaries))

    def to_input_file(self) -> InputFile:
        return self


class ObjectStoreFileIO(FileIO):
    """Named in the catalog's `py-io-impl`; its root comes in the catalog's properties."""

    def new_input(self, location: str) -> InputFile:
        return self._file(location)

    def new_output(self, location: str) -> OutputFile:
        return self._file(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        uri = location if isinstance(location, str) else location.location
        self._objects.path_of_uri(uri).unlink()

    def _file(self, location: str) -> ObjectFile:
        objects = self._objects
        return ObjectFile(location, objects.path_of_uri(location), objects.temporaries)

    @cached_property
    def _objects(self) -> ObjectStore:
        return ObjectStore(Path(self.properties[ROOT_PROPERTY]))
