"""Every address of the shop."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from .views import account, basket, checkout, home, journal, machines, me, measured, orders, reviews

urlpatterns = [
    path("", home.home, name="home"),
    path("", include("products.urls")),
    path("journal/", journal.journal, name="journal"),
    path("journal/<id:pk>-<slug:slug>/", journal.article, name="article"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/", basket.add, name="basket_add"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/<str:key>/", orders.order, name="order"),
    path("orders/<str:key>/cancel/", orders.cancel, name="order_cancel"),
    path("orders/<str:key>/again/", orders.again, name="order_again"),
    path("products/<id:pk>/review/", reviews.review, name="review"),
    path("products/<id:pk>/review/delete/", reviews.delete, name="review_delete"),
    path("account/", account.account, name="account"),
    path("account/", include("accounts.urls")),
    path("me.json", me.me, name="me"),
    path("media/<path:path>", machines.media, name="media"),
    path("livez", machines.livez, name="livez"),
    path("robots.txt", machines.robots, name="robots"),
    path("sitemap.xml", machines.sitemap, name="sitemap"),
    path("admin/", admin.site.urls),
]
if settings.BENCH:
    urlpatterns += [
        path("empty/", measured.empty, name="empty"),
        path("measured/joins/<id:pk>/", measured.joins, name="measured_joins"),
        path("measured/queries/<id:pk>/", measured.queries, name="measured_queries"),
        path("measured/document/<id:pk>/", measured.document, name="measured_document"),
    ]

handler400 = "shop.views.errors.bad_request"
handler403 = "shop.views.errors.forbidden"
handler404 = "shop.views.errors.not_found"
handler500 = "shop.views.errors.server_error"
