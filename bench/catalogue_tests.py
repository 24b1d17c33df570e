"""Which tests are the catalogue's: they pass wherever its documents are."""

# Pages, listings with every order and filter, search, the admin, and the store itself: a minute or two each
BOUNDED = [
    "tests/documents",
    "tests/products/test_documents.py",
    "tests/products/test_data.py",
    "tests/products/test_pages.py",
    "tests/products/test_places.py",
    "tests/products/test_sampling.py",
    "tests/shop/test_sampler_page.py",
]
WHOLE = [
    "tests/documents",
    "tests/products",
    "--ignore-glob=tests/products/test_mov*.py",  # these have two stores of their own
    "tests/jobs/test_changes.py",
    "tests/jobs/test_moments.py",
    "tests/jobs/test_outbox.py",
    "tests/jobs/test_page_commands.py",
    "tests/jobs/test_pages.py",
    "tests/jobs/test_reach.py",
    "tests/jobs/test_relay.py",
    "tests/jobs/test_untold.py",
    "tests/scaling/test_cache_away.py",
    "tests/scaling/test_listings.py",
    "tests/scaling/test_publishing.py",
    "tests/scaling/test_sampler.py",
    "tests/scaling/test_sharing.py",
    "tests/shop/test_admin.py",
    "tests/shop/test_basket_page.py",
    "tests/shop/test_checkout.py",
    "tests/shop/test_orders.py",
    "tests/shop/test_reviews.py",
    "tests/shop/test_sampler_page.py",
    "tests/shop/test_stream.py",
]
