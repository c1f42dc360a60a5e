"""Events from many Parquet files that together are larger than memory, stored part by part.

Start reading at :func:`import_partitions`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from daybreak.data.partitions import PartitionOptions, iter_parts, read_part
from daybreak.data.rejects import Rejects
from daybreak.service.workspace import Workspace


@dataclass(frozen=True)
class PartitionImport:
    """What has been read and stored."""

    files: int
    read: int
    """Number of events that were read."""
    new: int
    """Number of those that the store did not have."""
    rejects: Rejects


def import_partitions(
    workspace: Workspace,
    source: str,
    options: PartitionOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> PartitionImport:
    """Store the events of all Parquet files of a source, part by part.

    What has been stored stays if a later part fails; the import can be repeated, since stored
    events are known again. Two events that are equal in user, item, type, time and value are
    one if they are in different parts and the files have no ids of events.

    Args:
        workspace: The store.
        source: Folder, or ``s3://BUCKET/PREFIX``. The address and the keys of an object store
            are those of the environment: ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``,
            ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``.
        options: How the parts are read.
        progress: Called with the name of each file.

    Raises:
        DataError: A file is damaged, or has no column for an id.
        NotFoundError: There are no Parquet files.
        TooManyRejectsError: More rows of a part are lost than may be.
    """
    options = options or PartitionOptions()
    rejects, files = Rejects(), set()
    read = new = 0
    for part in iter_parts(source, options.part_rows):
        if part.file not in files and progress is not None:
            progress(part.file)
        files.add(part.file)
        result = read_part(part, options, f"the {read:,} events before them are stored")
        rejects.merge(result.rejects)
        new += workspace.write_import(result, options.max_rejected).events
        read += result.rows_read["events"]
    return PartitionImport(len(files), read, new, rejects)
