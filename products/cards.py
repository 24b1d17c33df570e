"""What is shown of categories and journal articles, from their rows."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Count
from django.utils.html import format_html_join

from .models import Article, Category, Tag

WORDS_A_MINUTE = 220


def category_card(row: Category) -> dict:
    return {
        "id": row.pk,
        "slug": row.slug,
        "name": row.name,
        "intro": row.intro,
        "url": row.get_absolute_url(),
        "picture": row.picture,
        "alt": row.picture_alt,
    }


def article_card(row: Article) -> dict:
    return {
        "id": row.pk,
        "slug": row.slug,
        "title": row.title,
        "summary": row.summary,
        "url": row.get_absolute_url(),
        "picture": row.picture,
        "alt": row.picture_alt,
        "at": row.published_at.isoformat(),
        "minutes": max(1, round(len(row.body.split()) / WORDS_A_MINUTE)),
    }


def render_body(body: str) -> str:
    """Paragraphs and headings as HTML; all else is text."""
    blocks = [block.strip() for block in body.replace("\r\n", "\n").split("\n\n")]
    kinds = [("h2", block[3:]) if block.startswith("## ") else ("p", block) for block in blocks if block]
    return format_html_join("\n", "<{0}>{1}</{0}>", kinds)


def tags_of_categories(ids: Sequence[int], alias: str) -> defaultdict[int, list[dict]]:
    """The tags carried in each category, with the number of products that carry them."""
    carried = Tag.objects.using(alias).filter(products__category__in=ids, products__is_published=True)
    counted = carried.values_list("products__category", "slug", "name").annotate(count=Count("products"))
    found = defaultdict(list)
    for category, slug, name, count in counted.order_by("name"):
        found[category].append({"slug": slug, "name": name, "count": count})
    return found
