from django.urls import path, register_converter
from django.urls.converters import IntConverter

from . import search_views, views


class IdConverter(IntConverter):
    """A number that a database can hold; anything longer is simply not found."""

    regex = "[1-9][0-9]{0,17}"


register_converter(IdConverter, "id")

urlpatterns = [
    path("shelves/", views.category, name="shelves"),
    path("shelves/<id:pk>-<slug:slug>/", views.category, name="category"),
    path("products/<id:pk>-<slug:slug>/", views.product, name="product"),
    path("products/<id:pk>-<slug:slug>/reviews/", views.reviews, name="product_reviews"),
    path("search/", search_views.search, name="search"),
    path("search/suggest/", search_views.suggest, name="suggest"),
]
