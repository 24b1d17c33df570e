"""The catalogue, as a baker edits it. The database's own triggers see every save: nothing here has to tell pages."""

from django import forms
from django.contrib import admin
from django.db.models import Count, F, Prefetch
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html

from .admin_inlines import PictureInline, PriceInline, StockInline, TextInline
from .admin_object import object_page
from .admin_pictures import PictureForm, PictureUploadAdmin, thumbnail
from .assembly import price_now
from .bands import stock_band
from .models import Article, Category, Price, Product, Review, Tag

BANDS = {"in": "in stock", "few": "few left", "out": "sold out"}


@admin.register(Product)
class ProductAdmin(PictureUploadAdmin):
    list_display = ("thumbnail", "name", "category", "price", "left", "oven", "shown")
    list_display_links = ("thumbnail", "name")
    list_filter = ("is_published", "category", "tags")
    list_per_page = 50
    list_select_related = ("category",)
    show_full_result_count = False
    search_fields = ("name", "about")
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("related",)
    inlines = (PriceInline, StockInline, PictureInline, TextInline)
    actions = ("publish", "unpublish")

    def get_queryset(self, request):
        rows = super().get_queryset(request).annotate(quantity=F("stock__quantity"))
        valid = Prefetch("prices", Price.objects.valid_at(timezone.now()), to_attr="valid_prices")
        return rows.prefetch_related("pictures", valid)

    def get_urls(self):
        page = self.admin_site.admin_view(object_page)
        return [path("<int:pk>/object/", page, name="products_product_object"), *super().get_urls()]

    def formfield_for_manytomany(self, db_field, request, **options):
        if db_field.name == "tags":
            options["widget"] = forms.CheckboxSelectMultiple()
        return super().formfield_for_manytomany(db_field, request, **options)

    @admin.display(description="")
    def thumbnail(self, product: Product) -> str:
        pictures = product.pictures.all()
        return thumbnail(pictures[0].stem) if pictures else "–"

    @admin.display(description="price now")
    def price(self, product: Product) -> str:
        now = price_now(product.valid_prices)
        if now["price"] is None:
            return "no price"
        if not now["was"]:
            return euros(now["price"])
        return format_html("{} <del>{}</del>", euros(now["price"]), euros(now["was"]))

    @admin.display(ordering="quantity", description="stock")
    def left(self, product: Product) -> str:
        quantity = product.quantity or 0
        band = stock_band(quantity)
        words = f"{BANDS[band]}: {quantity}" if quantity else BANDS[band]
        return format_html('<span class="band {}">{}</span>', band, words)

    @admin.display(ordering="baked_at", description="out of the oven")
    def oven(self, product: Product) -> str:
        return f"{product.baked_at:%H:%M}" if product.baked_at else "–"

    @admin.display(boolean=True, ordering="is_published", description="shown")
    def shown(self, product: Product) -> bool:
        return product.is_published

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request, products):
        self.message_user(request, f"{products.update(is_published=True)} on the shelf.")

    @admin.action(description="Unpublish", permissions=["change"])
    def unpublish(self, request, products):
        self.message_user(request, f"{products.update(is_published=False)} taken off the shelf.")


@admin.register(Category)
class CategoryAdmin(PictureUploadAdmin):
    form = PictureForm
    list_display = ("shown", "name", "position", "products")
    list_display_links = ("shown", "name")
    list_editable = ("position",)
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "intro", "position", "shown", "upload", "picture_alt")
    readonly_fields = ("shown",)

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(size=Count("products"))

    @admin.display(description="picture")
    def shown(self, category: Category) -> str:
        return thumbnail(category.picture, category.picture_alt)

    @admin.display(ordering="size")
    def products(self, category: Category) -> int:
        return category.size


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ("name", "slug")
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Article)
class ArticleAdmin(PictureUploadAdmin):
    form = PictureForm
    list_display = ("shown", "title", "summary", "published_at")
    list_display_links = ("shown", "title")
    search_fields = ("title", "summary")
    prepopulated_fields = {"slug": ("title",)}
    date_hierarchy = "published_at"
    fields = ("title", "slug", "summary", "body", "published_at", "shown", "upload", "picture_alt")
    readonly_fields = ("shown",)

    @admin.display(description="picture")
    def shown(self, article: Article) -> str:
        return thumbnail(article.picture, article.picture_alt)


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    """Customers write reviews; the bakery only decides whether they are shown."""

    list_display = ("product", "author", "rating", "excerpt", "is_verified", "is_hidden", "created_at")
    list_filter = ("is_hidden", "rating", "is_verified")
    list_select_related = ("product", "author")
    show_full_result_count = False
    search_fields = ("body", "product__name", "author__name", "author__email")
    date_hierarchy = "created_at"
    fields = ("product", "author", "rating", "body", "is_verified", "created_at", "updated_at", "is_hidden")
    readonly_fields = ("product", "author", "rating", "body", "is_verified", "created_at", "updated_at")
    actions = ("hide", "show")

    def has_add_permission(self, request) -> bool:
        return False

    def save_model(self, request, review: Review, form, change: bool) -> None:
        review.save(update_fields=form.changed_data)  # what its author writes meanwhile stays written

    @admin.display(description="says")
    def excerpt(self, review: Review) -> str:
        return review.body if len(review.body) <= 80 else f"{review.body[:80]}…"

    @admin.action(description="Hide from the shop", permissions=["change"])
    def hide(self, request, reviews):
        self.message_user(request, f"{reviews.update(is_hidden=True)} hidden.")

    @admin.action(description="Show in the shop", permissions=["change"])
    def show(self, request, reviews):
        self.message_user(request, f"{reviews.update(is_hidden=False)} shown.")


def euros(cents: int) -> str:
    return f"€{cents / 100:.2f}"
