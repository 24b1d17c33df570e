"""A product as search engines read it: https://schema.org/Product."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.storage import default_storage

AVAILABILITY = {"in": "InStock", "few": "LimitedAvailability", "out": "OutOfStock"}


def product_schema(data: dict) -> dict[str, Any]:
    url = settings.SITE_URL + data["url"]
    schema: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": data["name"],
        "description": data["about"],
        "url": url,
        "offers": {
            "@type": "Offer",
            "price": f"{data['price'] / 100:.2f}",
            "priceCurrency": "EUR",
            "availability": f"https://schema.org/{AVAILABILITY[data['band']]}",
            "url": url,
        },
    }
    if data["until"]:
        schema["offers"]["priceValidUntil"] = data["until"]
    if data["pictures"]:
        schema["image"] = [
            urljoin(settings.SITE_URL, default_storage.url(f"{picture['stem']}-800.webp"))
            for picture in data["pictures"]
        ]
    if data["reviews"]:
        schema["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": round(data["rating"], 1),
            "reviewCount": data["reviews"],
        }
    return schema
