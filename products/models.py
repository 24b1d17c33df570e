"""The normalised tables: what is true. What pages read is assembled from them in `products.data`."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from jobs.fields import ExactField
from scaling.cache import CachedData

from .bands import stock_band
from .document_models import DocumentMove, DocumentWalk  # noqa: F401, models of this app
from .fields import CentsField


class Category(models.Model):
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60)
    intro = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    picture = models.CharField(max_length=120, blank=True, help_text="Stem of a stored picture")
    picture_alt = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.pk, self.slug])


class Tag(models.Model):
    name = models.CharField(max_length=40)
    slug = models.SlugField(max_length=40, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ProductQuerySet(models.QuerySet):
    def published(self) -> "ProductQuerySet":
        return self.filter(is_published=True)


class Product(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80)
    about = models.CharField(max_length=160, help_text="One sentence, shown on cards")
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    tags = models.ManyToManyField(Tag, blank=True, related_name="products")
    related = models.ManyToManyField("self", blank=True, symmetrical=False, verbose_name="good with it")
    baked_at = models.TimeField("out of the oven at", null=True, blank=True)
    is_published = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProductQuerySet.as_manager()
    data = CachedData("product")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.pk, self.slug])


class PriceQuerySet(models.QuerySet):
    def valid_at(self, moment) -> "PriceQuerySet":
        return self.valid_between(moment, moment)

    def valid_between(self, first, last) -> "PriceQuerySet":
        """Those valid at any moment from `first` to `last`."""
        return self.filter(Q(starts_at__lte=last), Q(ends_at=None) | Q(ends_at__gt=first))


class Price(models.Model):
    """What a product costs from `starts_at` to `ends_at`.

    Of the valid rows the newest without an end is the regular price; a valid row with an end is a promotion and wins
    while it is lower. Promotions start and end by themselves: see `jobs.triggers`.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="prices")
    cents = CentsField("price in €")
    label = models.CharField(max_length=40, blank=True, help_text="Why it is lower, such as “Sourdough week”")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="a_price_ends_after_it_starts",
                violation_error_message="The end must be after the start.",
            )
        ]

    def __str__(self) -> str:
        return f"€{self.cents / 100:.2f}"


class Text(models.Model):
    class Kind(models.TextChoices):
        STORY = "story"
        INGREDIENTS = "ingredients"
        ALLERGENS = "allergens"
        KEEPING = "keeping"

    product = models.ForeignKey(Product, models.CASCADE, related_name="texts")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=80, blank=True)
    body = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "kind"], name="one_text_a_kind")]

    def __str__(self) -> str:
        return self.get_kind_display()


class Picture(models.Model):
    """A picture kept as `<stem>-400.webp` and `<stem>-800.webp` in the default storage."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="pictures")
    stem = models.CharField(max_length=120, editable=False)
    alt = models.CharField(max_length=160, help_text="What is seen, for those who cannot see it")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.alt


class Review(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    body = models.TextField(max_length=2000)
    is_verified = models.BooleanField("bought here", default=False)
    is_hidden = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "author"], name="one_review_a_customer"),
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="one_to_five"),
        ]

    def __str__(self) -> str:
        return f"{self.author} on {self.product}: {self.rating}"


class Stock(models.Model):
    """How many are left. Moved only by conditional updates on the primary: see `shop.orders`."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="stock")
    quantity = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "stock"
        constraints = [models.CheckConstraint(condition=Q(quantity__gte=0), name="stock_never_negative")]

    def __str__(self) -> str:
        return str(self.quantity)

    @property
    def band(self) -> str:
        return stock_band(self.quantity)


class ArticleQuerySet(models.QuerySet):
    def published(self, by=None) -> "ArticleQuerySet":
        """By this moment, or by now."""
        return self.filter(published_at__lte=by or timezone.now())


class Article(models.Model):
    """An entry of the journal. The body is plain text: blank lines part paragraphs, headings begin with `## `."""

    title = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120)
    summary = models.CharField(max_length=240)
    body = models.TextField()
    picture = models.CharField(max_length=120, blank=True, help_text="Stem of a stored picture")
    picture_alt = models.CharField(max_length=160, blank=True)
    published_at = models.DateTimeField(default=timezone.now)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "id"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.pk, self.slug])


class Document(models.Model):
    """The durable, denormalised copy of a product: no joins, no foreign keys. Written by workers alone."""

    product_id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField()
    category_id = models.BigIntegerField(db_index=True)
    sort_name = ExactField(max_length=60)
    tags = models.TextField(help_text="Slugs between bars: |vegan|gluten-free|")
    band = models.CharField(max_length=3)
    price = models.PositiveIntegerField(help_text="Cents")
    rating = models.PositiveIntegerField(help_text="Thousandths")
    baked = models.PositiveIntegerField(help_text="Minute of the day")
    created = models.BigIntegerField(help_text="Microseconds since 1970")
    shape = models.CharField(max_length=8, help_text="Hash of the data's form")
    data = models.JSONField()
    is_gone = models.BooleanField(default=False, help_text="Kept: nothing older is written over it")
    left = models.JSONField(default=list, help_text="Places in listings that it may still have to leave")

    def __str__(self) -> str:
        return self.sort_name


class Term(models.Model):
    """One word of one product, and how much it weighs there: the index that search reads."""

    term = ExactField(max_length=40)
    product_id = models.BigIntegerField()
    weight = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product_id", "term"], name="one_weight_a_product_and_term")]
        indexes = [models.Index(fields=["term", "-weight", "product_id"], name="best_of_a_term")]

    def __str__(self) -> str:
        return self.term


class WordsVersion(models.Model):
    """Which version of a product its rows in `Term` are of: words of an older one are not written over them."""

    product_id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.product_id}: {self.version}"


class Trigram(models.Model):
    """Three letters of a word of the vocabulary: how a mistyped word finds its neighbours."""

    trigram = ExactField(max_length=3)
    term = ExactField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trigram", "term"], name="one_row_a_trigram_and_term")]

    def __str__(self) -> str:
        return self.term
