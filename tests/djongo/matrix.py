"""What querysets can do, one by one: each asks something of 40 rows and says whether the answer is right."""

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q

from .models import Sheet

ROWS = 40


def fill(sheets):
    """Keys from 1 to 40; versions likewise, four shelves in turn, and every second is gone."""
    sheets.bulk_create(
        Sheet(key=n, version=n, shelf=n % 4, name=f"Name {n:02}", tags=tags(n), is_gone=n % 2 == 0, data=data(n))
        for n in range(1, ROWS + 1)
    )


def tags(n):
    return "|vegan|nut-free|" if n % 5 == 0 else "|vegan|"


def data(n):
    return {"name": f"Name {n:02}", "prices": [{"cents": n * 10}], "until": None}


def keys(found):
    return sorted(found.values_list("key", flat=True))


def a_key_twice(sheets):
    try:
        sheets.create(key=1)
    except IntegrityError:
        return sheets.get(key=1).version == 1
    return False


def written_in_a_block_that_fails(sheets):
    try:
        with transaction.atomic(using=sheets.db):
            sheets.create(key=99)
            raise ZeroDivisionError
    except ZeroDivisionError:
        return not sheets.filter(key=99).exists()


def saved(sheets):
    row = sheets.get(key=1)
    row.name, row.data = "Other", {"other": [1]}
    row.save(using=sheets.db)
    again = sheets.get(key=1)
    return (again.name, again.data, again.version) == ("Other", {"other": [1]}, 1)


def updated_in_bulk(sheets):
    rows = list(sheets.filter(key__in=[1, 2]).order_by("key"))
    for row in rows:
        row.version += 1000
    sheets.bulk_update(rows, ["version"])
    return list(sheets.order_by("key").values_list("version", flat=True)[:2]) == [1001, 1002]


def inserted_where_missing(sheets):
    sheets.bulk_create([Sheet(key=1, version=99), Sheet(key=99)], ignore_conflicts=True)
    return sheets.get(key=1).version == 1 and sheets.filter(key=99).exists()


def written_over(sheets):
    rows = [Sheet(key=1, version=99), Sheet(key=99)]
    sheets.bulk_create(rows, update_conflicts=True, unique_fields=["key"], update_fields=["version"])
    return sheets.get(key=1).version == 99 and sheets.filter(key=99).exists()


def locked(sheets):
    with transaction.atomic(using=sheets.db):
        return sheets.select_for_update().get(key=8).version == 8


READS = {
    "bulk_create": lambda rows: rows.count() == ROWS,
    "filter: equal": lambda rows: keys(rows.filter(version=3)) == [3],
    "filter: gte, lt": lambda rows: keys(rows.filter(version__gte=5, version__lt=8)) == [5, 6, 7],
    "filter: range": lambda rows: keys(rows.filter(version__range=(3, 6))) == [3, 4, 5, 6],
    "filter: a boolean": lambda rows: (
        rows.filter(is_gone=True).count() == 20 and len(rows.filter(is_gone=False)) == 20
    ),
    "filter: in": lambda rows: keys(rows.filter(key__in=[1, 2, 99])) == [1, 2],
    "filter: in, of nothing": lambda rows: keys(rows.filter(key__in=[])) == [],
    "filter: in, of 5,000": lambda rows: keys(rows.filter(key__in=range(5_000), shelf=1)) == list(range(1, ROWS, 4)),
    "filter: contains": lambda rows: keys(rows.filter(tags__contains="|nut-free|")) == list(range(5, ROWS + 1, 5)),
    "filter: contains, as it is written": lambda rows: not rows.filter(name__contains="name").exists(),
    "filter: icontains": lambda rows: keys(rows.filter(name__icontains="NAME 1")) == list(range(10, 20)),
    "filter: iexact": lambda rows: keys(rows.filter(name__iexact="NAME 01")) == [1],
    "filter: iexact, of a text with a dot": lambda rows: not rows.filter(name__iexact="name.01").exists(),
    "filter: startswith": lambda rows: keys(rows.filter(name__startswith="Name 0")) == list(range(1, 10)),
    "filter: isnull": lambda rows: rows.filter(name__isnull=False).count() == ROWS,
    "filter: one or the other": lambda rows: keys(rows.filter(Q(version=1) | Q(version=2))) == [1, 2],
    "filter: in a subquery": lambda rows: keys(rows.filter(key__in=rows.filter(version=3).values("key"))) == [3],
    "exclude": lambda rows: rows.exclude(shelf=1).count() == 30,
    "exclude: in": lambda rows: rows.exclude(key__in=[1, 2]).count() == 38,
    "exclude: contains": lambda rows: rows.exclude(tags__contains="|nut-free|").count() == 32,
    "order_by, both ways, sliced": lambda rows: (
        list(rows.order_by("shelf", "-version").values_list("key", flat=True)[2:4]) == [32, 28]
    ),
    "first, last": lambda rows: (rows.order_by("name").first().key, rows.order_by("name").last().key) == (1, ROWS),
    "values": lambda rows: list(rows.filter(key=3).values("name", "data")) == [{"name": "Name 03", "data": data(3)}],
    "values_list, distinct": lambda rows: sorted(rows.values_list("shelf", flat=True).distinct()) == [0, 1, 2, 3],
    "only, defer": lambda rows: rows.only("version").get(key=3).version == rows.defer("data").get(key=3).version == 3,
    "in_bulk": lambda rows: sorted(rows.in_bulk([1, 2])) == [1, 2],
    "iterator": lambda rows: sum(1 for _ in rows.iterator(chunk_size=7)) == ROWS,
    "count, exists": lambda rows: rows.filter(key=1).exists() and not rows.filter(key=0).exists(),
    "aggregate": lambda rows: rows.aggregate(n=Count("pk"), most=Max("version")) == {"n": ROWS, "most": ROWS},
    "group by": lambda rows: (
        list(rows.values("shelf").annotate(n=Count("pk")).order_by("shelf").values_list("n", flat=True)) == [10] * 4
    ),
    "JSON: a path": lambda rows: keys(rows.filter(data__name="Name 03")) == [3],
    "JSON: deep in a path": lambda rows: keys(rows.filter(data__prices__0__cents__gt=380)) == [39, 40],
    "JSON: equal": lambda rows: keys(rows.filter(data=data(3))) == [3],
    "JSON: contains": lambda rows: keys(rows.filter(data__contains={"name": "Name 03"})) == [3],
    "JSON: has_key": lambda rows: rows.filter(data__has_key="until").count() == ROWS,
    "select_for_update (locks nothing)": locked,
}
WRITES = {
    "get, create": lambda rows: rows.create(key=99, data=data(99)) and rows.get(key=99).data == data(99),
    "a key twice is an IntegrityError": a_key_twice,
    "save": saved,
    "update, and how many": lambda rows: (
        rows.filter(key=5, version=5).update(version=6, data={"a": 1}) == 1
        and rows.filter(key=5, version=5).update(version=6) == 0
    ),
    "update, of all": lambda rows: rows.update(version=5) == rows.filter(version=5).count() == ROWS,
    "update: F() + 1": lambda rows: (
        rows.filter(key=7).update(name="Other", version=F("version") + 1) == rows.get(key=7).version - 7
        and rows.filter(key=7, name="Other").update(version=F("version") - 1, tags="") == rows.get(key=7).version - 6
        and rows.filter(key=7, tags="").update(version=F("version") + 3) == rows.get(key=7).version - 9
    ),
    "update: F() of another column": lambda rows: (
        rows.filter(key=7).update(version=F("shelf")) and (rows.get(key=7).version == 3)
    ),
    "get_or_create": lambda rows: not rows.get_or_create(key=1)[1] and rows.get_or_create(key=99)[1],
    "update_or_create": lambda rows: (
        not rows.update_or_create(key=1, defaults={"version": 9})[1] and (rows.get(key=1).version == 9)
    ),
    "bulk_update": updated_in_bulk,
    "bulk_create, ignore_conflicts": inserted_where_missing,
    "bulk_create, update_conflicts": written_over,
    "delete": lambda rows: rows.get(key=1).delete(using=rows.db)[0] == 1 and rows.filter(shelf=2).delete()[0] == 10,
    "atomic takes back what failed": written_in_a_block_that_fails,
}
CHECKS = READS | WRITES
