import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.portraits import change_picture
from accounts.views import details
from scaling.pictures import MAX_BYTES
from tests.factories import PASSWORD, make_user, steve

pytestmark = pytest.mark.django_db
STEVE = {"name": "Steve", "phone": "", "email": "steve@example.com"}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def customer(client):
    steve()
    client.post(reverse("sign_in"), {"username": "steve@example.com", "password": PASSWORD})
    return client


def a_picture(kind="PNG", size=(640, 480), name="me.png", **options):
    buffer = io.BytesIO()
    Image.new("RGB", size, "#a4133c").save(buffer, kind, **options)
    return SimpleUploadedFile(name, buffer.getvalue(), content_type="image/png")


def upload(client, file):
    return client.post(reverse("account_picture"), {"picture": file})


def stored(folder):
    return sorted(path.name for path in Path(folder).glob("people/*"))


def test_changed_details_are_saved_and_the_session_follows(customer):
    response = customer.post(reverse("details"), STEVE | {"name": "Stefan Miller", "phone": "+44 7700 900123"})
    assert response.url == reverse("details")
    user = steve()
    assert (user.name, user.phone) == ("Stefan Miller", "+44 7700 900123")
    assert customer.session["name"] == "Stefan"
    assert "Your details are saved." in customer.get(reverse("details")).content.decode()


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": " "}, "name"), ({"phone": "call me"}, "phone"), ({"email": "steve@"}, "email")],
)
def test_a_detail_that_is_wrong_changes_nothing(customer, typed, field):
    response = customer.post(reverse("details"), STEVE | {"name": "Stefan"} | typed)
    assert response.status_code == 422 and f'id="id_{field}_error"' in response.content.decode()
    assert steve().name == "Steve" and customer.session["name"] == "Steve"


@pytest.mark.parametrize("password", ["", "not-mine-at-all"])
def test_a_new_e_mail_needs_the_password(customer, password):
    response = customer.post(reverse("details"), STEVE | {"email": "new@example.com", "password": password})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'id="id_password_error"' in page and 'value="new@example.com"' in page
    assert "not-mine-at-all" not in page
    assert steve().email == "steve@example.com"


def test_with_the_password_the_e_mail_changes(customer):
    typed = STEVE | {"email": "New@Example.com", "password": PASSWORD}
    assert customer.post(reverse("details"), typed).status_code == 302
    answer = Client().post(reverse("sign_in"), {"username": "new@example.com", "password": PASSWORD})
    assert answer.status_code == 302


def test_an_e_mail_of_somebody_else_cannot_be_taken(customer):
    make_user("Ada", email="ada@example.com")
    response = customer.post(reverse("details"), STEVE | {"email": "ADA@example.com", "password": PASSWORD})
    assert response.status_code == 422 and 'id="id_email_error"' in response.content.decode()


def test_a_picture_is_kept_anew_under_a_name_of_our_own(customer, tmp_path):
    exif = Image.Exif()
    exif[0x9286] = "taken at home"
    assert upload(customer, a_picture("JPEG", name="../../me.php", exif=exif)).url == reverse("details")
    [name] = stored(tmp_path)
    user = steve()
    assert user.picture == f"people/{name}" and name.endswith("-400.webp") and "me" not in name.split("-")[0]
    assert customer.session["picture"] == f"/media/{user.picture}"
    with Image.open(tmp_path / user.picture) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("WEBP", (400, 400), {})


def test_the_old_picture_goes_once_the_new_one_is_saved(customer, tmp_path, django_capture_on_commit_callbacks):
    upload(customer, a_picture())
    [old] = stored(tmp_path)
    with django_capture_on_commit_callbacks() as callbacks:
        upload(customer, a_picture())
    assert len(stored(tmp_path)) == 2
    for callback in callbacks:
        callback()
    assert len(stored(tmp_path)) == 1 and old not in stored(tmp_path)


def test_a_picture_can_be_removed(customer, tmp_path, django_capture_on_commit_callbacks):
    upload(customer, a_picture())
    with django_capture_on_commit_callbacks(execute=True):
        customer.post(reverse("account_picture"), {"remove": "1"})
    assert stored(tmp_path) == [] and steve().picture == "" and customer.session["picture"] is None


def test_of_two_uploads_at_once_the_shown_one_stays(tmp_path, django_capture_on_commit_callbacks):
    one, same = steve(), steve()
    with django_capture_on_commit_callbacks(execute=True):
        change_picture(one, a_picture())
        change_picture(same, a_picture())
    assert default_storage.exists(steve().picture) and len(stored(tmp_path)) == 1


BAD = {
    "none at all": None,
    "empty": b"",
    "a page": b"<html><script>alert(1)</script></html>",
    "a drawing with script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a program": b"MZ" + b"\x00" * 400,
    "a cut picture": None,
    "larger than 8 MB": b"\x89PNG" + b"x" * (8 * 1024 * 1024),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_upload_gets_words_beside_the_field_and_the_old_picture_stays(customer, tmp_path, what):
    upload(customer, a_picture())
    kept = stored(tmp_path)
    data = a_picture("JPEG").read()[:300] if what == "a cut picture" else BAD[what]
    typed = {} if data is None else {"picture": SimpleUploadedFile("me.png", data, content_type="image/png")}
    response = customer.post(reverse("account_picture"), typed)
    assert response.status_code == 422
    assert 'id="id_picture_error"' in response.content.decode()
    assert stored(tmp_path) == kept and steve().picture == f"people/{kept[0]}"


def test_of_a_huge_upload_no_more_is_kept_than_is_needed_to_refuse_it(customer, monkeypatch):
    taken = []
    monkeypatch.setattr(details, "change_picture", lambda user, file: taken.append(file.size))
    upload(customer, SimpleUploadedFile("me.png", b"x" * (3 * MAX_BYTES), content_type="image/png"))
    assert MAX_BYTES < taken[0] < MAX_BYTES + 1024 * 1024


def test_too_many_pictures_mean_waiting(customer):
    for _ in range(20):
        assert customer.post(reverse("account_picture"), {}).status_code == 422
    response = upload(customer, a_picture())
    assert response.status_code == 429 and "Come back at" in response.content.decode()
    assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize("name", ["details", "password", "account"])
def test_a_stranger_is_asked_to_sign_in(client, name):
    response = client.get(reverse(name))
    assert response.url == f"{reverse('sign_in')}?next={reverse(name)}"


def test_a_stranger_uploads_nothing(client, tmp_path):
    assert upload(client, a_picture()).status_code == 302
    assert stored(tmp_path) == []


@pytest.mark.parametrize("name", ["details", "account_picture", "password"])
def test_a_post_without_a_token_is_refused(name):
    user = steve()
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post(reverse(name), {"remove": "1"}).status_code == 403
