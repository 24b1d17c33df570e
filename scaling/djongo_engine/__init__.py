"""A Django database engine: djongo 1.3.7, which was written for Django 3.1, made to serve plain models of today.

Chapter "Database", path 2: denormalised documents, read by key. djongo writes SQL, parses it with sqlparse and asks
MongoDB. Its own engine fails on a supported Django in about a dozen ways, some of them silent. Each class here mends
one and says which; what stays unsafe is refused (`compiler`) or checked (`scaling.djongo_checks`). A transaction is
never rolled back: write behind a version, and once.

    DATABASES["documents"] = {
        "ENGINE": "scaling.djongo_engine", "HOST": "mongodb://…/shop", "NAME": "shop", "OPTIONS": {…of MongoClient},
    }
"""
