"""Forms made from declared settings, and the fields they hold."""
