"""Clones: a file that is somebody's own goes out by whichever clone is asked, once that has asked whose it is.

From a folder the clone sends it. From a bucket it sends the way there: an address that is signed for a minute. So no
clone is kept busy by a large file, and an address that is passed on soon leads nowhere.
"""

from django.core.files.storage import Storage
from django.http import FileResponse, HttpResponseBase, HttpResponseRedirect


def sent(storage: Storage, name: str, content_type: str, file_name: str = "") -> HttpResponseBase:
    """The file, or the way to it, for nobody to keep. With a `file_name` a browser stores it under that.

    Whose it is was asked before. Raises FileNotFoundError when a folder has no such file.
    """
    signed_url = getattr(storage, "signed_url", None)
    response: HttpResponseBase
    if signed_url:
        response = HttpResponseRedirect(signed_url(name, content_type, file_name))
    else:
        file = storage.open(name)
        response = FileResponse(file, as_attachment=bool(file_name), filename=file_name, content_type=content_type)
    response["Cache-Control"] = "private, no-store"
    return response
