from tests.browser import Visit, open_settings  # noqa: F401
