"""Every address of the shop."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from .views import (
    account,
    basket,
    cakes,
    checkout,
    errors,
    friends,
    home,
    jobs,
    journal,
    machines,
    me,
    measured,
    metrics,
    orders,
    people,
    reviews,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("", include("products.urls")),
    path("journal/", journal.journal, name="journal"),
    path("journal/<id:pk>-<slug:slug>/", journal.article, name="article"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/", basket.add, name="basket_add"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("cakes/", cakes.designer, name="cakes"),
    path("jobs/mine.json", jobs.mine, name="jobs_mine"),
    path("jobs/<str:key>/", jobs.job, name="job"),
    path("jobs/<str:key>/picture", jobs.picture, name="job_picture"),
    path("jobs/<str:key>/cancel/", jobs.cancel, name="job_cancel"),
    path("jobs/<str:key>/retry/", jobs.retry, name="job_retry"),
    path("jobs/<str:key>/basket/", jobs.basket, name="job_basket"),
    path("orders/<str:key>/", orders.order, name="order"),
    path("orders/<str:key>/cancel/", orders.cancel, name="order_cancel"),
    path("orders/<str:key>/again/", orders.again, name="order_again"),
    path("products/<id:pk>/review/", reviews.review, name="review"),
    path("products/<id:pk>/review/delete/", reviews.delete, name="review_delete"),
    path("account/", account.account, name="account"),
    path("account/friends/", friends.friends, name="friends"),
    path("account/", include("accounts.urls")),
    path("people/<id:pk>/", people.person, name="person"),
    path("people/<id:pk>/follow/", friends.follow, name="person_follow"),
    *(path(f"people/<id:pk>/{do}/", friends.answer, {"deed": do}, name=f"person_{do}") for do in friends.DEEDS),
    path("me.json", me.me, name="me"),
    path("friends.json", friends.news, name="news"),
    path("media/<path:path>", machines.media, name="media"),
    path("metrics", metrics.metrics, name="metrics"),
    path("404.html", errors.not_found, {"exception": None}),  # this and the next are for the proxy to say
    path("503.html", errors.away),
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
