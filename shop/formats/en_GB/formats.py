"""How the admin writes dates and times: as the shop does, by the 24-hour clock."""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "G:i"
DATETIME_FORMAT = "j M Y, G:i"
