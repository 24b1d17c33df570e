from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string

from jobs.triggers import watch
from jobs.watched import REFRESH, Part, Watched

from .bands import FEW
from .move_checks import check_documents

# `stock_band` of a row of a trigger: it is the band that pages show, not the count.
BAND = f"(CASE WHEN {{row}}.quantity = 0 THEN 0 WHEN {{row}}.quantity <= {FEW} THEN 1 ELSE 2 END)"


class ProductsConfig(AppConfig):
    name = "products"

    def ready(self) -> None:
        product, category, article = (self.get_model(name) for name in ("Product", "Category", "Article"))
        register(check_documents, Tags.database, "clones")
        watch(Watched("product", product, REFRESH, self._parts_of_a_product()))
        watch(Watched("category", category, REFRESH))
        watch(Watched("tags", category, REFRESH, self._parts_of_shelf_tags()))
        watch(Watched("article", article, REFRESH, due=["published_at"]))
        post_migrate.connect(
            import_string("products.documents.stores.prepare"), self, dispatch_uid="products.documents"
        )

    def _parts_of_a_product(self) -> list[Part]:
        product, tag, review = (self.get_model(name) for name in ("Product", "Tag", "Review"))
        tags, related = product.tags.through._meta, product.related.through
        category = self.get_model("Category")
        return [
            Part(self.get_model("Price"), "product_id", due=("starts_at", "ends_at")),
            Part(self.get_model("Text"), "product_id"),
            Part(self.get_model("Picture"), "product_id"),
            Part(review, "product_id"),
            Part(self.get_model("Stock"), "product_id", only=[BAND]),
            Part(product.tags.through, "product_id"),
            Part(related, "from_product_id"),
            Part(tag, f"SELECT product_id FROM {tags.db_table} WHERE tag_id = {{row}}.id", in_bulk=True),
            Part(
                category,  # search finds a product by it; pages show the category's own object
                f"SELECT id FROM {product._meta.db_table} WHERE category_id = {{row}}.id",
                only=["{row}.name"],
                in_bulk=True,
                is_shown=False,
            ),
        ]

    def _parts_of_shelf_tags(self) -> list[Part]:
        product, tag = self.get_model("Product"), self.get_model("Tag")
        tags = product.tags.through
        of_product = f"SELECT category_id FROM {product._meta.db_table} WHERE id"
        of_tag = f"SELECT product_id FROM {tags._meta.db_table} WHERE tag_id = {{row}}.id"
        return [
            Part(product, "category_id", only=["{row}.category_id", "{row}.is_published"]),
            Part(tags, f"{of_product} = {{row}}.product_id"),
            Part(tag, f"{of_product} IN ({of_tag})"),
        ]
