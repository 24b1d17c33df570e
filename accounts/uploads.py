"""A limit to what an upload writes to this server's disk, for every form there is, before any view or check runs."""

from django.core.files.uploadhandler import FileUploadHandler

from scaling.pictures import MAX_BYTES


class Cut(FileUploadHandler):
    """Lets a file through until it is larger than a picture may be, and drops the rest as it comes in.

    The form still gets the file and says that it is too large. Goes first among FILE_UPLOAD_HANDLERS.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return raw_data if start <= MAX_BYTES else None

    def file_complete(self, file_size: int) -> None:
        return None
