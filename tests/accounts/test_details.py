import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts import portraits
from accounts.portraits import change_picture, remove_picture
from accounts.views import details
from jobs.ends import give_back
from jobs.kinds import KINDS
from jobs.leases import Lease, claim
from jobs.models import Job, State
from jobs.running import Running
from jobs.starts import run
from scaling.pictures import MAX_BYTES, REFUSALS, store_picture
from tests.factories import PASSWORD, make_user, steve

pytestmark = pytest.mark.django_db
STEVE = {"name": "Steve", "phone": "", "email": "steve@example.com"}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = settings.STORAGES | {
        "pictures_private": settings.STORAGES["pictures_private"]
        | {"OPTIONS": {"location": str(tmp_path / "private")}}
    }


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


def work():
    """What the workers of pictures do, now."""
    for pk in Job.objects.unfinished().filter(kind="portrait").values_list("pk", flat=True):
        run(pk)


def stored(folder):
    return sorted(path.name for path in Path(folder).glob("media/people/*"))


def sent(folder):
    """Files as they were sent."""
    return [path for path in Path(folder).glob("private/**/*") if path.is_file()]


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
    assert stored(tmp_path) == [], "the request has unfolded nothing"
    assert "data-awaited" in customer.get(reverse("details")).content.decode()
    work()
    [name] = stored(tmp_path)
    user = steve()
    assert user.picture == f"people/{name}" and name.endswith("-400.webp") and "me" not in name.split("-")[0]
    assert sent(tmp_path) == [], "what was sent is not kept"
    with Image.open(tmp_path / "media" / user.picture) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("WEBP", (400, 400), {})


@pytest.mark.parametrize("page", ["details", "me"])
def test_the_session_takes_up_the_picture_once_it_is_made(customer, page, django_assert_num_queries):
    upload(customer, a_picture())
    customer.get(reverse(page))
    assert customer.session["picture"] is None
    work()
    customer.get(reverse(page))
    assert customer.session["picture"] == f"/media/{steve().picture}"
    with django_assert_num_queries(0):
        customer.get(reverse("me"))


def test_the_old_picture_goes_once_the_new_one_is_saved(customer, tmp_path, django_capture_on_commit_callbacks):
    upload(customer, a_picture())
    work()
    [old] = stored(tmp_path)
    upload(customer, a_picture())
    with django_capture_on_commit_callbacks() as callbacks:
        work()
    assert len(stored(tmp_path)) == 2
    for callback in callbacks:
        callback()
    assert len(stored(tmp_path)) == 1 and old not in stored(tmp_path)


def test_a_picture_can_be_removed(customer, tmp_path, django_capture_on_commit_callbacks):
    upload(customer, a_picture())
    work()
    with django_capture_on_commit_callbacks(execute=True):
        upload(customer, a_picture())
        customer.post(reverse("account_picture"), {"remove": "1"})
    work()
    assert stored(tmp_path) == [] and sent(tmp_path) == []
    assert steve().picture == "" and customer.session["picture"] is None


def test_of_two_uploads_the_later_counts(tmp_path, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first = change_picture(steve(), a_picture())
        second = change_picture(steve(), a_picture())
        work()
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, second.state) == (State.CANCELLED, State.DONE)
    assert stored(tmp_path) == [Path(second.result["picture"]).name] and sent(tmp_path) == []


@pytest.mark.parametrize("change", [remove_picture, lambda user: change_picture(user, a_picture())])
def test_a_picture_that_nobody_wants_any_more_is_shown_no_more(
    change, tmp_path, monkeypatch, django_capture_on_commit_callbacks
):
    """It is replaced, or removed, while a worker has just made it."""

    def store(*args, **options):
        stem = store_picture(*args, **options)
        monkeypatch.undo()
        change(steve())
        return stem

    monkeypatch.setattr(portraits, "store_picture", store)
    with django_capture_on_commit_callbacks(execute=True):
        run(change_picture(steve(), a_picture()).pk)
    assert steve().picture == "" and stored(tmp_path) == []


def test_a_worker_that_died_after_showing_it_leaves_one_picture(tmp_path, django_capture_on_commit_callbacks):
    job = change_picture(steve(), a_picture())
    with django_capture_on_commit_callbacks(execute=True):
        claimed = claim(Job, job.pk)
        with Lease(claimed) as lease:
            portraits.portrait(Running(claimed, KINDS["portrait"], claimed.arguments, lease))
        give_back(claimed, "The worker stopped.")
        run(job.pk)
    job.refresh_from_db()
    assert job.state == State.DONE and stored(tmp_path) == [Path(steve().picture).name]


def test_a_worker_that_was_paused_and_wakes_leaves_what_its_successor_shows(tmp_path, monkeypatch):
    job, shown = change_picture(steve(), a_picture()), portraits._shown

    def show_late(late, picture):
        monkeypatch.setattr(portraits, "_shown", shown)
        give_back(late, "The worker stopped.")
        run(job.pk)
        return shown(late, picture)

    monkeypatch.setattr(portraits, "_shown", show_late)
    run(job.pk)
    assert stored(tmp_path) == [Path(steve().picture).name]


BAD = {
    "none at all": None,
    "empty": b"",
    "a page": b"<html><script>alert(1)</script></html>",
    "a drawing with script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "a program": b"MZ" + b"\x00" * 400,
    "larger than 8 MB": b"\x89PNG" + b"x" * (8 * 1024 * 1024),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_upload_gets_words_beside_the_field_and_the_old_picture_stays(customer, tmp_path, what):
    upload(customer, a_picture())
    work()
    kept = stored(tmp_path)
    data = BAD[what]
    typed = {} if data is None else {"picture": SimpleUploadedFile("me.png", data, content_type="image/png")}
    response = customer.post(reverse("account_picture"), typed)
    assert response.status_code == 422
    assert 'id="id_picture_error"' in response.content.decode()
    assert stored(tmp_path) == kept and steve().picture == f"people/{kept[0]}"


@pytest.mark.parametrize("page", ["details", "me"])
def test_a_picture_that_turns_out_to_be_broken_is_said_once_and_the_old_one_stays(customer, tmp_path, page):
    upload(customer, a_picture())
    work()
    kept = stored(tmp_path)
    cut = a_picture("JPEG").read()[:-200]
    upload(customer, SimpleUploadedFile("me.jpg", cut, content_type="image/jpeg"))
    work()
    assert stored(tmp_path) == kept and steve().picture == f"people/{kept[0]}"
    assert REFUSALS["not_a_picture"] in customer.get(reverse(page)).content.decode()
    assert REFUSALS["not_a_picture"] not in customer.get(reverse("details")).content.decode()


def test_nobody_sees_what_another_has_sent(customer, tmp_path):
    upload(customer, a_picture())
    [file] = sent(tmp_path)
    job = Job.objects.get()
    for address in (f"/media/{file.name}", f"/media/jobs/{file.parent.name}/{file.name}"):
        assert customer.get(address).status_code == 404
    for name in ("job", "job_picture"):
        assert customer.get(reverse(name, args=[job.key])).status_code == 404


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
